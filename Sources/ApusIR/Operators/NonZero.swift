package import ApusTensor

/// The coordinates of all elements that are not zero: int64 [rank, count], in row-major order.
///
/// Operand `data`: numbers or bool. Source: ONNX NonZero-13.
package struct NonZero: MeasuredOperator {
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
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let flags = try data.decodedBooleans()
    let shape = data.rank == 0 ? [1] : data.shape
    let places = flags.indices.filter { flags[$0] }
    let (count, overflow) = places.count.multipliedReportingOverflow(by: shape.count)
    try context.require(overflow ? .max : count, of: 16)
    var values: [Int64] = []
    values.reserveCapacity(count)
    for (extent, step) in zip(shape, rowMajorStrides(shape)) {
      for place in places { values.append(Int64(place / step % extent)) }
    }
    return [try .make(.int64, [shape.count, places.count], .signed(values))]
  }
}
