package import ApusTensor

/// Reads the bits of every element as another type of the same width.
///
/// Operand `input`. Source: ONNX BitCast-26.
package struct BitCast: Operator {
  package static let name = "bit_cast"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] { [Field("element", \.element)] }

  package var element = ElementType.float32

  package init() {}
  package init(to element: ElementType) { self.element = element }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0)
    guard input.element.bitWidth == element.bitWidth, element != .string else {
      throw .element(
        operand: "input", found: input.element,
        allowed: ElementType.allCases.filter { $0.bitWidth == element.bitWidth && $0 != .string })
    }
    return [Fact(TensorType(element, input.shape))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    do {
      return [try HostTensor(element, shape: input.shape, bytes: input.densified().packedBytes)]
    } catch { throw .tensor(error) }
  }
}
