internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// DepthToSpace and SpaceToDepth as reshapes around a transposition.
enum BlockMoves {
  static func depthToSpace(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let block = try blockSize(&attributes)
    var isColumnFirst = false
    if context.opset >= 11 {
      isColumnFirst = try attributes.choice(
        "mode", default: false, [("DCR", false), ("CRD", true)])
    }
    let x = try context.operand(0, "input")
    let extents = try parts(context, x)
    let square = try context.integerScalar(block * block)
    let size = try context.vector([block])
    let channels = try context.one(
      Unsqueeze(), try context.binary(.divide, extents.channels, square),
      try context.vector([0]))
    let order =
      isColumnFirst
      ? [extents.batch, channels, size, size, extents.height, extents.width]
      : [extents.batch, size, size, channels, extents.height, extents.width]
    let split = try context.one(Reshape(allowZero: true), x, try context.joined(order))
    let permutation = isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
    let moved = try context.one(Transpose(permutation), split)
    let shape = try context.joined([
      extents.batch, channels, try context.binary(.multiply, extents.height, size),
      try context.binary(.multiply, extents.width, size),
    ])
    return [try context.one(Reshape(allowZero: true), moved, shape)]
  }

  static func spaceToDepth(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let block = try blockSize(&attributes)
    var isColumnFirst = false
    if context.opset >= 27 {
      isColumnFirst = try attributes.choice(
        "mode", default: false, [("DCR", false), ("CRD", true)])
    }
    let x = try context.operand(0, "input")
    let extents = try parts(context, x)
    let size = try context.vector([block])
    let channels = try context.one(Unsqueeze(), extents.channels, try context.vector([0]))
    let height = try context.binary(.divide, extents.height, size)
    let width = try context.binary(.divide, extents.width, size)
    let split = try context.one(
      Reshape(allowZero: true), x,
      try context.joined([extents.batch, channels, height, size, width, size]))
    let permutation = isColumnFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
    let moved = try context.one(Transpose(permutation), split)
    let square = try context.vector([block * block])
    let shape = try context.joined([
      extents.batch, try context.binary(.multiply, channels, square), height, width,
    ])
    return [try context.one(Reshape(allowZero: true), moved, shape)]
  }

  private static func blockSize(_ attributes: inout AttributeReader) throws(ImportError) -> Int {
    guard let block = try attributes.integer("blocksize") else {
      throw .invalid("it is required", .attribute("blocksize"))
    }
    guard block > 0, block <= 1 << 15 else {
      throw .invalid("\(block) is out of range", .attribute("blocksize"))
    }
    return block
  }

  private static func parts(
    _ context: NodeContext, _ x: ValueID
  ) throws(ImportError) -> (batch: ValueID, channels: ValueID, height: ValueID, width: ValueID) {
    let rank = try context.knownRank(x, "input")
    guard rank == 4 else { throw .invalid("it has rank \(rank), expected 4", .operand("input")) }
    let zero = try context.vector([0])
    return (
      try context.one(ShapeOf(start: 0, end: 1), x),
      try context.one(Squeeze(), try context.one(ShapeOf(start: 1, end: 2), x), zero),
      try context.one(ShapeOf(start: 2, end: 3), x), try context.one(ShapeOf(start: 3, end: 4), x)
    )
  }
}

extension NodeContext {
  /// Integer vectors joined to one.
  func joined(_ vectors: [ValueID]) throws(ImportError) -> ValueID {
    guard let result = try add(Concat(axis: 0), vectors).first else {
      throw .invalid("the operation has no result")
    }
    return result
  }
}
