/// One thing that a check has to say about a model.
package struct Finding: Sendable, Hashable {
  package enum Severity: String, Sendable, Hashable, CaseIterable {
    /// The model breaks a rule of ONNX.
    case error
    /// The model is fine, and this build cannot run it.
    case unsupported
    /// Works, and may not be what was meant.
    case warning
    /// Does nothing.
    case note
  }

  /// What kind of thing it is; stable, for scripts.
  package enum Code: String, Sendable, Hashable {
    case model, opset, input, initializer, node, operatorUnknown, externalData, typeContradiction
    case outputMissing, nameTwice, unusedInput, unusedInitializer, deadNode, unsorted
  }

  package var severity: Severity
  package var code: Code
  package var node: String?
  package var operation: String?
  package var domain: String?
  package var opset: Int?
  /// The operand, attribute, output or tensor at fault.
  package var subject: String?
  package var text: String
  /// What would work.
  package var hint: String?

  package init(
    _ severity: Severity, _ code: Code, _ text: String, subject: String? = nil,
    hint: String? = nil
  ) {
    self.severity = severity
    self.code = code
    self.text = text
    self.subject = subject
    self.hint = hint
  }
}

extension Finding: CustomStringConvertible {
  package var description: String {
    var line = "\(severity.rawValue): "
    if let node, let operation {
      let qualified = (domain.map { $0.isEmpty ? "" : $0 + "." } ?? "") + operation
      line += "node '\(node)' (\(qualified)" + (opset.map { ", opset \($0)" } ?? "") + "): "
    }
    if let subject { line += subject + ": " }
    line += text
    if let hint { line += "\n  " + hint }
    return line
  }
}
