internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Tile: each axis gets an axis of repetitions before it, is expanded and joined with it again.
enum Tiling {
  static func tile(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(context.opset < 6 ? 3 : 2)
    let data = try context.operand(0, "input")
    let rank = try self.rank(context, data)
    guard rank <= 64 else { throw .invalid("\(rank) repeats are too many", .operand("repeats")) }
    let repeats =
      context.opset < 6
      ? try alongOneAxis(context, rank: rank) : try context.operand(1, "repeats")
    if rank == 0 { return [try context.one(Identity(), data)] }
    let shape = try context.one(ShapeOf(), data)
    let column = try context.vector([1])
    let split = try context.one(
      Unsqueeze(), data, try context.vector((0..<rank).map { $0 * 2 }))
    let pairs = try context.one(
      Concat(axis: 1), try context.one(Unsqueeze(), repeats, column),
      try context.one(Unsqueeze(), shape, column))
    let expanded = try context.one(
      Expand(), split, try context.one(Reshape(), pairs, try context.vector([rank * 2])))
    let result = try context.binary(.multiply, shape, repeats)
    return [try context.one(Reshape(allowZero: true), expanded, result)]
  }

  /// The rank of the data, or the number of repeats: there is one for every axis.
  private static func rank(_ context: NodeContext, _ data: ValueID) throws(ImportError) -> Int {
    if let rank = context.rank(data) { return rank }
    if context.opset >= 6, let repeats = context.optional(1),
      let count = context.fact(repeats).type.extents?.first?.fixed
    {
      return count
    }
    return try context.knownRank(data, "input")
  }

  /// Before opset 6 a count and an axis are given, in the data's type.
  private static func alongOneAxis(
    _ context: NodeContext, rank: Int
  ) throws(ImportError) -> ValueID {
    let count = try context.indices(try context.operand(1, "tiles"))
    let axis = try context.indices(try context.operand(2, "axis"))
    let isAxis = try context.binary(.equal, try context.vector(Array(0..<rank)), axis)
    return try context.select(isAxis, count, try context.integerScalar(1))
  }
}
