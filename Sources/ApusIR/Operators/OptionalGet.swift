package import ApusTensor

/// The value inside an optional; any other value is itself.
///
/// Operand: `optional`, which must not be empty. Source: ONNX OptionalGetElement-18.
package struct OptionalGet: ValueOperator {
  package static let name = "optional_get"
  package static let operandNames = ["optional"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let fact = try operands.requireValue(0)
    if case .optional(let element) = fact.valueType { return [Fact(element)] }
    return [Fact(fact.valueType)]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    let operand = try operands.value(0)
    guard case .optional(let value, _) = operand else { return [operand] }
    guard let value else { throw .value("the optional is empty") }
    return [value]
  }
}
