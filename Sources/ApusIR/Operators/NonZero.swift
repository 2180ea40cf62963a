package import ApusTensor

/// The coordinates of all elements that are not zero: int64 [rank, count], in row-major order.
///
/// Operand `data`: numbers or bool. Source: ONNX NonZero-13.
package struct NonZero: Operator {
  package static let name = "non_zero"
  package static let operandNames = ["data"]

  package init() {}

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let data = try operands.require(
      0, arithmetic: [.real, .signed, .unsigned, .boolean])
    return [Fact(.int64, [data.type.rank.map { .fixed(max($0, 1)) } ?? .unknown, .unknown])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let flags = try data.decodedBooleans()
    let shape = data.rank == 0 ? [1] : data.shape
    let places = flags.indices.filter { flags[$0] }.map { coordinates(of: $0, in: shape) }
    let values = shape.indices.flatMap { axis in places.map { Int64($0[axis]) } }
    return [try .make(.int64, [shape.count, places.count], .signed(values))]
  }
}
