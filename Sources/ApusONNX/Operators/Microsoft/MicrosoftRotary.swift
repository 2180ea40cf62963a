internal import ApusIR
internal import ApusLoops
internal import ApusTensor

extension RotaryEmbedding {
  /// RotaryEmbedding of domain com.microsoft: positions come first and may be one offset for all.
  static func microsoft(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(4)
    let size = try attributes.integer("rotary_embedding_dim", default: 0)
    let heads = try attributes.integer("num_heads", default: 0)
    let rotation = RotaryEmbedding(
      isInterleaved: try attributes.flag("interleaved", default: false), size: size)
    attributes.ignore("is_packed_batching")
    guard try attributes.real("scale", default: 1) == 1 else {
      throw .unsupported("a value other than 1", .attribute("scale"))
    }
    let x = try context.operand(0, "input")
    let positions = try context.indices(try context.operand(1, "position_ids"))
    let rank = try context.knownRank(x, "input")
    guard rank == 3 || rank == 4 else {
      throw .invalid("it has rank \(rank), expected 3 or 4", .operand("input"))
    }
    let cosines = try context.operand(2, "cos_cache")
    var places = positions
    if try context.knownRank(positions, "position_ids") == 1 {
      let steps = try context.counting(to: try context.extent(rank - 2, of: x))
      places = try context.unsqueezed(try context.binary(.add, positions, steps), [0])
    }
    let cosine = try context.one(Gather(axis: 0), cosines, places)
    let sine = try context.one(Gather(axis: 0), try context.operand(3, "sin_cache"), places)
    if rank == 4 {
      return [
        try rotation.turned(
          context, x, try context.unsqueezed(cosine, [1]), try context.unsqueezed(sine, [1]))
      ]
    }
    let split: ValueID
    if size > 0 {
      guard heads > 0 else {
        throw .invalid("a partial rotation needs it", .attribute("num_heads"))
      }
      split = try context.reshaped(x, [0, 0, heads, -1])
    } else {
      let width = try context.binary(.multiply, try context.extent(-1, of: cosines), 2)
      split = try context.reshaped(
        x,
        to: [try context.extents(of: x, from: 0, to: 2), try context.vector([-1]), width])
    }
    let turned = try rotation.turned(
      context, split, try context.unsqueezed(cosine, [2]), try context.unsqueezed(sine, [2]))
    return [try context.reshaped(turned, like: x)]
  }
}
