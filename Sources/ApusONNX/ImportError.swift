/// Why a model could not be imported, and where in it.
package struct ImportError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// No importer knows the operator; the names are the nearest that are known.
    case unsupportedOperator(nearest: [String])
    /// The model is fine, the importer lacks something.
    case unsupported(String)
    /// The model breaks a rule of ONNX.
    case invalid(String)
    /// The file is not a model at all.
    case notAModel(String)
    case file(String)
  }

  /// The node at fault.
  package struct Location: Hashable, Sendable {
    package var node: String
    package var operation: String
    package var domain: String
    package var opset: Int
  }

  /// The part of the node at fault.
  package enum Subject: Hashable, Sendable {
    case attribute(String)
    case operand(String)
    case output(String)
    case tensor(String)
  }

  package var reason: Reason
  package var location: Location?
  package var subject: Subject?
  /// Names of the model-local functions that led to the node, outermost first.
  package var functions: [String] = []

  package init(_ reason: Reason, subject: Subject? = nil) {
    self.reason = reason
    self.subject = subject
  }

  package static func invalid(_ text: String, _ subject: Subject? = nil) -> ImportError {
    ImportError(.invalid(text), subject: subject)
  }

  package static func unsupported(_ text: String, _ subject: Subject? = nil) -> ImportError {
    ImportError(.unsupported(text), subject: subject)
  }

  /// Whether a correct model asks for something that the importer does not do.
  package var isUnsupported: Bool {
    switch reason {
    case .unsupportedOperator, .unsupported: true
    case .invalid, .notAModel, .file: false
    }
  }

  func at(_ location: Location, functions: [String]) -> ImportError {
    guard self.location == nil else { return self }
    var copy = self
    copy.location = location
    copy.functions = functions
    return copy
  }
}

extension ImportError: CustomStringConvertible {
  package var description: String {
    var text = ""
    if let location {
      let domain = location.domain.isEmpty ? "" : location.domain + "."
      text += "node '\(location.node)' (\(domain)\(location.operation), opset \(location.opset)"
      if !functions.isEmpty { text += ", in function \(functions.joined(separator: " > "))" }
      text += "): "
    }
    if let subject { text += "\(subject): " }
    return text + reason.description
  }
}

extension ImportError.Subject: CustomStringConvertible {
  package var description: String {
    switch self {
    case .attribute(let name): "attribute '\(name)'"
    case .operand(let name): "operand '\(name)'"
    case .output(let name): "output '\(name)'"
    case .tensor(let name): "tensor '\(name)'"
    }
  }
}

extension ImportError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unsupportedOperator(let nearest):
      nearest.isEmpty
        ? "the operator is not supported"
        : "the operator is not supported; the nearest known: "
          + nearest.joined(separator: ", ")
    case .unsupported(let text): "not supported: \(text)"
    case .invalid(let text), .notAModel(let text), .file(let text): text
    }
  }
}
