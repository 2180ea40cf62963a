package import ApusTensor

/// Takes slices by index tuples: y[i] = x[indices[i, 0], …, indices[i, q − 1]].
///
/// Operands `data` and `indices` (int64 or int32, at least rank 1; the last dimension holds the tuples;
/// negative entries count from the end). Source: ONNX GatherND-13.
package struct GatherND: Operator {
  package static let name = "gather_nd"
  package static let operandNames = ["data", "indices"]
  package static var fields: [Field<Self>] { [Field("batchDimensions", \.batchDimensions)] }

  /// Leading dimensions that data and indices share.
  package var batchDimensions = 0

  package init() {}
  package init(batchDimensions: Int) { self.batchDimensions = batchDimensions }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...2)
    let data = try operands.require(0)
    let indices = try operands.require(1, element: [.int64, .int32])
    guard batchDimensions >= 0 else {
      throw .invalid(field: "batchDimensions", reason: "\(batchDimensions) is negative")
    }
    guard let extents = data.type.extents, let places = indices.type.extents else {
      return [.unknown(data.element)]
    }
    guard let last = places.last, batchDimensions < places.count else {
      throw .rank(
        operand: "indices", found: places.count, expected: "over \(batchDimensions)")
    }
    guard batchDimensions <= extents.count else {
      throw .rank(
        operand: "data", found: extents.count, expected: "at least \(batchDimensions)")
    }
    for axis in 0..<batchDimensions {
      if let found = places[axis].fixed, let expected = extents[axis].fixed, found != expected {
        throw .extents(operand: "indices", found: places[axis], expected: extents[axis])
      }
    }
    guard let tuple = last.fixed else { return [.unknown(data.element)] }
    guard tuple >= 0, tuple <= extents.count - batchDimensions else {
      throw .extents(
        operand: "indices", found: last, expected: .fixed(extents.count - batchDimensions))
    }
    let result = places.dropLast() + extents[(batchDimensions + tuple)...]
    return [Fact(TensorType(data.element, Array(result)))]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let data = try operands.tensor(0)
    let places = try operands.tensor(1)
    let facts = try inferred([data, places])
    let shape = try facts.fixedShape(0)
    let tuple = places.shape.last ?? 0
    let first = batchDimensions
    let strides = rowMajorStrides(data.shape)
    let run = Array.product(Array(data.shape[(first + tuple)...])) ?? 0
    let batches = Array.product(Array(data.shape[..<first])) ?? 0
    let tuples = Array.product(Array(places.shape.dropLast())) ?? 0
    let perBatch = batches == 0 ? 0 : tuples / batches
    let batchStep = Array.product(Array(data.shape[first...])) ?? 0
    let indices = try places.decodedIntegers()
    let source = try MovementSource(data)
    var result = try TensorAssembler(data.element, shape)
    // Empty tuples into empty data are not counted through.
    guard result.count > 0 || !indices.isEmpty else { return [try result.finish()] }
    for index in 0..<(batches * perBatch) {
      var offset = index / perBatch * batchStep
      for position in 0..<tuple {
        let place = try wrapped(
          indices[index * tuple + position], limit: data.shape[first + position],
          operand: "indices")
        offset += place * strides[first + position]
      }
      try result.copyRun(run, from: source, at: offset, to: index * run)
    }
    return [try result.finish()]
  }

  private func inferred(_ tensors: [HostTensor]) throws(EvaluationError) -> [TensorType] {
    do {
      return try infer(Operands(tensors.map { Fact($0.type) }, names: Self.operandNames)).map(
        \.type)
    } catch { throw .type(error) }
  }
}
