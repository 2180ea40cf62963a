package import ApusTensor

/// Gives its operand unchanged. Operand `input`: anything. Source: ONNX Identity-24.
package struct Identity: ViewOperator {
  package static let name = "identity"
  package static let operandNames = ["input"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0)
    return [Fact(input.type, contents: input.contents)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    [try operands.tensor(0)]
  }
}
