internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// PackedAttention and PackedMultiHeadAttention of domain com.microsoft: sequences of different lengths
/// without their padding, one token after the other. Source: ONNX Runtime, ContribOperators.md.
enum TokenPacking {
  static func attention(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(5...6)
    let settings = try PackedAttention.Settings(&attributes)
    let product = try context.one(
      MatMul(), try context.operand(0, "input"), try context.operand(1, "weights"))
    let tokens = try context.binary(.add, product, try context.operand(2, "bias"))
    let parts: [ValueID]
    if let sizes = try attributes.integers("qkv_hidden_sizes") {
      guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }) else {
        throw .invalid("\(sizes) are not three sizes", .attribute("qkv_hidden_sizes"))
      }
      parts = try context.add(Split(axis: -1, parts: 3), [tokens, try context.vector(sizes)])
    } else {
      parts = try context.split(tokens, axis: -1, parts: 3)
    }
    return [try run(context, settings, parts, firstPlace: 3)]
  }

  static func multiHead(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(6...7)
    let settings = try PackedAttention.Settings(&attributes)
    let query = try context.operand(0, "query")
    var parts: [ValueID] = []
    if let key = context.optional(1) {
      parts = [query, key, try context.operand(2, "value")]
    } else {
      // [tokens, heads, 3, size]
      let last = try context.one(Gather(axis: 2), query, try context.integerScalar(2))
      for index in 0..<2 {
        let part = try context.one(Gather(axis: 2), query, try context.integerScalar(index))
        parts.append(try context.reshaped(part, [0, -1]))
      }
      parts.append(try context.reshaped(last, [0, -1]))
    }
    if let bias = context.optional(3) {
      var sizes: [ValueID] = []
      for part in parts { sizes.append(try context.extent(-1, of: part)) }
      let biases = try context.add(Split(axis: 0, parts: 3), [bias, try context.joined(sizes)])
      for index in parts.indices {
        parts[index] = try context.binary(.add, parts[index], biases[index])
      }
    }
    return [try run(context, settings, parts, firstPlace: 4)]
  }

  /// Attention of packed queries, keys and values [tokens, heads · size]; the operand `firstPlace` says
  /// where tokens stand in the padded batch, the next one where each sequence begins among them.
  private static func run(
    _ context: NodeContext, _ settings: PackedAttention.Settings, _ parts: [ValueID],
    firstPlace: Int
  ) throws(ImportError) -> ValueID {
    let offsets = try context.indices(try context.operand(firstPlace, "token_offset"))
    let places = try context.one(
      Slice(), try context.reshaped(offsets, [-1]), try context.vector([0]),
      try context.extent(0, of: parts[0]), try context.vector([0]))
    var heads: [ValueID] = []
    for part in parts {
      let padded = try padded(context, part, offsets, places)
      heads.append(try Heads.split(context, padded, settings.heads))
    }
    let starts = try context.indices(
      try context.operand(firstPlace + 1, "cumulative_sequence_length"))
    let lengths = try context.binary(
      .subtract, try context.sliced(starts, axis: 0, from: 1, to: .max),
      try context.sliced(starts, axis: 0, from: 0, to: -1))
    let columns = try context.counting(to: try context.extent(1, of: offsets))
    let isToken = try context.binary(
      .less, columns, try context.unsqueezed(try context.reshaped(lengths, [-1]), [1]))
    let output = try PackedAttention.attend(
      context, settings, heads[0], heads[1], heads[2],
      mask: try context.cast(isToken, to: .int32), bias: context.optional(firstPlace + 2))
    let rows = try context.reshaped(
      output, to: [try context.vector([-1]), try context.extent(-1, of: output)])
    return try context.one(Gather(axis: 0), rows, places)
  }

  /// Tokens [tokens, n] as batch [batch, sequence, n] with zeros in between.
  private static func padded(
    _ context: NodeContext, _ tokens: ValueID, _ offsets: ValueID, _ places: ValueID
  ) throws(ImportError) -> ValueID {
    let width = try context.extent(-1, of: tokens)
    let size = try context.binary(
      .multiply, try context.extent(0, of: offsets), try context.extent(1, of: offsets))
    let zeros = try context.filled(
      0, context.element(tokens), try context.joined([size, width]))
    let filled = try context.one(
      ScatterND(.none), zeros, try context.unsqueezed(places, [1]), tokens)
    return try context.reshaped(filled, to: [try context.extents(of: offsets), width])
  }
}
