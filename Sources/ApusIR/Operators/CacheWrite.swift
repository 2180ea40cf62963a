package import ApusTensor

/// Writes new positions into a cache, each example of the batch at a place of its own.
///
/// Operands `cache` [batch, …, positions, …], `update` (fewer positions), optional `places` (int64
/// [batch], 0 where missing). With `circular` places wrap around. The result has the cache's type.
/// Source: ONNX TensorScatter-24.
package struct CacheWrite: Operator {
  package static let name = "cache_write"
  package static let operandNames = ["cache", "update", "places"]
  package static var fields: [Field<Self>] {
    [Field("axis", \.axis), Field("circular", \.circular)]
  }

  /// The axis of positions, counted from either end; not the batch.
  package var axis = -2
  package var circular = false

  package init() {}
  package init(axis: Int, circular: Bool) {
    self.axis = axis
    self.circular = circular
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(2...3)
    let cache = try operands.require(0)
    _ = try operands.require(1, sameElementAs: 0)
    if operands[2] != nil { _ = try operands.require(2, element: [.int64]) }
    if let rank = cache.type.rank {
      _ = try operands.require(1, rank: rank)
      guard try normalize(axis: axis, rank: rank) != 0 else {
        throw .invalid(field: "axis", reason: "it is the batch")
      }
    }
    return [Fact(cache.type)]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let cache = try operands.tensor(0)
    let update = try operands.tensor(1)
    let axis = try normalized(self.axis, rank: cache.rank)
    var expected = cache.shape
    if update.rank == cache.rank { expected[axis] = update.shape[axis] }
    guard axis > 0, update.shape == expected else {
      throw .value("an update of \(update.shape) for a cache of \(cache.shape)")
    }
    let places =
      try operands.optional(2)?.decodedIntegers() ?? Array(repeating: 0, count: cache.shape[0])
    guard places.count == cache.shape[0] else {
      throw .value("\(places.count) places for a batch of \(cache.shape[0])")
    }
    let strides = rowMajorStrides(cache.shape)
    var targets: [Int] = []
    for coordinates in Coordinates(update.shape) {
      var target = coordinates
      let (position, overflow) = places[coordinates[0]].addingReportingOverflow(coordinates[axis])
      guard !overflow, position >= 0, circular || position < cache.shape[axis] else {
        throw .indexOutOfRange(
          operand: "places", index: places[coordinates[0]], limit: cache.shape[axis])
      }
      target[axis] = circular ? position % cache.shape[axis] : position
      targets.append(zip(target, strides).reduce(0) { $0 + $1.0 * $1.1 })
    }
    return [try ScatterReduction.none.apply(cache, update, targets)]
  }
}
