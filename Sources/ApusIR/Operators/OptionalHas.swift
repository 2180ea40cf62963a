package import ApusTensor

/// Whether an optional holds a value, one bool; other values count as held, no operand as empty.
///
/// Operand: optionally `optional`. Source: ONNX OptionalHasElement-18.
package struct OptionalHas: ValueOperator {
  package static let name = "optional_has"
  package static let operandNames = ["optional"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(0...1)
    return [Fact(.bool, [])]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let holds =
      switch operands.first ?? nil {
      case nil, .optional(nil, _): false
      default: true
      }
    return [.tensor(try .make(.bool, [], .boolean([holds])))]
  }
}
