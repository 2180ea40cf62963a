internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Rotary position embedding: pairs of numbers in a head turn by an angle that grows with the position.
/// Sources: Su et al. 2021; ONNX RotaryEmbedding-23.
struct RotaryEmbedding {
  /// Whether a pair is two neighbours, rather than the same place in both halves.
  var isInterleaved = false
  /// How many numbers of a head turn; all where 0.
  var size = 0

  static func rotary(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...4)
    let rotation = RotaryEmbedding(
      isInterleaved: try attributes.flag("interleaved", default: false),
      size: try attributes.integer("rotary_embedding_dim", default: 0))
    let heads = try attributes.integer("num_heads", default: 0)
    let x = try context.operand(0, "X")
    var cosine = try context.operand(1, "cos_cache")
    var sine = try context.operand(2, "sin_cache")
    if let positions = context.optional(3) {
      cosine = try context.one(Gather(axis: 0), cosine, positions)
      sine = try context.one(Gather(axis: 0), sine, positions)
    }
    let isPacked = context.rank(x).map { $0 == 3 } ?? (heads > 0)
    if isPacked {
      guard heads > 0 else {
        throw .invalid("it is required for an operand of rank 3", .attribute("num_heads"))
      }
      let split = try context.reshaped(x, [0, 0, heads, -1])
      let turned = try rotation.turned(
        context, split, try context.unsqueezed(cosine, [2]), try context.unsqueezed(sine, [2]))
      return [try context.reshaped(turned, [0, 0, -1])]
    }
    return [
      try rotation.turned(
        context, x, try context.unsqueezed(cosine, [1]), try context.unsqueezed(sine, [1]))
    ]
  }

  /// Turns along the last axis; cosines and sines broadcast to half of what turns.
  func turned(
    _ context: NodeContext, _ x: ValueID, _ cosine: ValueID, _ sine: ValueID
  ) throws(ImportError) -> ValueID {
    guard size >= 0, size % 2 == 0, size <= 1 << 31 else {
      throw .invalid("\(size) is no even length", .attribute("rotary_embedding_dim"))
    }
    guard size > 0, context.fact(x).type.extents?.last != .fixed(size) else {
      return try whole(context, x, cosine, sine)
    }
    let turning = try context.sliced(x, axis: -1, from: 0, to: size)
    let rest = try context.sliced(x, axis: -1, from: size, to: .max)
    return try context.concatenated(
      [try whole(context, turning, cosine, sine), rest], axis: -1)
  }

  private func whole(
    _ context: NodeContext, _ x: ValueID, _ cosine: ValueID, _ sine: ValueID
  ) throws(ImportError) -> ValueID {
    let first: ValueID
    let second: ValueID
    if isInterleaved {
      first = try context.sliced(x, axis: -1, from: 0, to: .max, step: 2)
      second = try context.sliced(x, axis: -1, from: 1, to: .max, step: 2)
    } else {
      let halves = try context.split(x, axis: -1, parts: 2)
      (first, second) = (halves[0], halves[1])
    }
    let real = try context.binary(
      .subtract, try context.binary(.multiply, cosine, first),
      try context.binary(.multiply, sine, second))
    let imaginary = try context.binary(
      .add, try context.binary(.multiply, sine, first),
      try context.binary(.multiply, cosine, second))
    guard isInterleaved else { return try context.concatenated([real, imaginary], axis: -1) }
    let pairs = try context.concatenated(
      [try context.unsqueezed(real, [-1]), try context.unsqueezed(imaginary, [-1])], axis: -1)
    return try context.reshaped(pairs, like: x)
  }
}
