package import ApusTensor

/// Wraps a value as an optional; without an operand the result is empty.
///
/// Operand: optionally `value`. `element` is the type of the empty optional.
/// Source: ONNX Optional-15.
package struct OptionalMake: ValueOperator {
  package static let name = "optional_make"
  package static let operandNames = ["value"]
  package static var fields: [Field<Self>] { [Field("element", \.element)] }

  package var element: ValueType = .tensor(TensorType(.float32, .unranked))

  package init() {}
  package init(element: ValueType) { self.element = element }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(0...1)
    return [Fact(.optional(operands[0]?.valueType ?? element))]
  }

  package func evaluate(
    values operands: [HostValue?], _ results: [ValueType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostValue] {
    guard case .optional(let element)? = results.first else {
      throw .type(.resultCount(expected: 1, found: results.count))
    }
    return [.optional(operands.first ?? nil, of: element)]
  }
}
