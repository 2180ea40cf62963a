package import ApusTensor

/// Reverses the first elements along the time axis, as many as each example of the batch has.
///
/// Operands `data`, `lengths` (int64, one per example). The axes are 0 and 1 in either order.
/// Source: ONNX ReverseSequence-28.
package struct ReverseSequence: Operator {
  package static let name = "reverse_sequence"
  package static let operandNames = ["data", "lengths"]
  package static var fields: [Field<Self>] {
    [Field("batchAxis", \.batchAxis), Field("timeAxis", \.timeAxis)]
  }

  package var batchAxis = 1
  package var timeAxis = 0

  package init() {}
  package init(batchAxis: Int, timeAxis: Int) {
    self.batchAxis = batchAxis
    self.timeAxis = timeAxis
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    _ = try operands.require(1, element: [.int64])
    _ = try operands.require(1, rank: 1)
    if let rank = data.type.rank {
      guard try normalize(axis: batchAxis, rank: rank) != normalize(axis: timeAxis, rank: rank)
      else { throw .invalid(field: "timeAxis", reason: "it is the batch axis as well") }
    }
    return [Fact(data.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let lengths = try operands.tensor(1).decodedIntegers()
    let batch = try normalized(batchAxis, rank: data.rank)
    let time = try normalized(timeAxis, rank: data.rank)
    guard lengths.count == data.shape[batch] else {
      throw .value("\(lengths.count) lengths for \(data.shape[batch]) examples")
    }
    for length in lengths where length < 0 || length > data.shape[time] {
      throw .indexOutOfRange(operand: "lengths", index: length, limit: data.shape[time] + 1)
    }
    let strides = rowMajorStrides(data.shape)
    let offsets = Coordinates(data.shape).map { coordinates in
      var source = coordinates
      let length = lengths[coordinates[batch]]
      if source[time] < length { source[time] = length - 1 - source[time] }
      return zip(source, strides).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return [try data.picking(offsets, shape: data.shape)]
  }
}
