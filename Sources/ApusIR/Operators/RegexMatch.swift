package import ApusTensor

/// Whether each string matches a pattern of RE2's syntax as a whole.
///
/// Operand `input`: strings; the result is bool of the same shape. Takes time linear in the strings.
/// Source: ONNX RegexFullMatch-20.
package struct RegexMatch: Operator {
  package static let name = "regex_match"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] { [Field("pattern", \.pattern)] }

  package var pattern = ""

  package init() {}
  package init(pattern: String) { self.pattern = pattern }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, element: [.string])
    return [Fact(TensorType(.bool, input.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let expression: RegularExpression
    do { expression = try RegularExpression(pattern) } catch {
      if case .unsupported = error { throw .unsupported("\(error)") }
      throw .value("\(error)")
    }
    let found = try input.decodedTexts().map(expression.matches)
    return [try .make(.bool, input.shape, .boolean(found))]
  }
}
