package import ApusTensor

/// Writes slices of updates to the places that index tuples name.
///
/// Operands `data`, `indices` (int64 [places…, tuple], counted from either end), `updates`
/// [places…, the data's shape behind the tuple]. The result has the data's type.
/// Source: ONNX ScatterND-18.
package struct ScatterND: Operator {
  package static let name = "scatter_nd"
  package static let operandNames = ["data", "indices", "updates"]
  package static var fields: [Field<Self>] { [Field("reduction", \.reduction)] }

  package var reduction = ScatterReduction.none

  package init() {}
  package init(_ reduction: ScatterReduction) { self.reduction = reduction }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(3...3)
    let data = try operands.require(0)
    let indices = try operands.require(1, element: [.int64, .int32])
    _ = try operands.require(2, sameElementAs: 0)
    if let tuple = indices.type.extents?.last?.fixed, let rank = data.type.rank, tuple > rank {
      throw .rank(operand: "data", found: rank, expected: "\(tuple) or more")
    }
    if let rank = indices.type.rank, rank == 0 {
      throw .rank(operand: "indices", found: 0, expected: "1 or more")
    }
    return [Fact(data.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let indices = try operands.tensor(1)
    let updates = try operands.tensor(2)
    guard let tuple = indices.shape.last, tuple <= data.rank,
      updates.shape == Array(indices.shape.dropLast()) + Array(data.shape.dropFirst(tuple))
    else { throw .value("updates \(updates.shape) do not fit \(data.shape) and \(indices.shape)") }
    let strides = rowMajorStrides(data.shape)
    let slice = Array.product(Array(data.shape.dropFirst(tuple))) ?? 0
    let numbers = try indices.decodedIntegers()
    var places: [Int] = []
    let count = Array.product(Array(indices.shape.dropLast())) ?? 0
    for place in 0..<count {
      var start = 0
      for position in 0..<tuple {
        let index = try wrapped(
          numbers[place * tuple + position], limit: data.shape[position], operand: "indices")
        start += index * strides[position]
      }
      places += start..<(start + slice)
    }
    return [try reduction.apply(data, updates, places)]
  }
}
