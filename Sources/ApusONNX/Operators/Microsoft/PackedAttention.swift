internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Attention, QAttention and MultiHeadAttention of domain com.microsoft.
/// Source: ONNX Runtime, ContribOperators.md.
enum PackedAttention {
  /// What the three have in common.
  struct Settings {
    var heads: Int
    var scale: Double?
    var isCausal: Bool
    /// What excluded keys add to a score.
    var filter: Double

    init(_ attributes: inout AttributeReader) throws(ImportError) {
      guard let heads = try attributes.integer("num_heads"), heads > 0, heads <= 1 << 31 else {
        throw .invalid("it must be positive", .attribute("num_heads"))
      }
      self.heads = heads
      let scale = try attributes.real("scale")
      self.scale = scale == 0 ? nil : scale
      isCausal = try attributes.integer("unidirectional", default: 0) != 0
      filter = try attributes.real("mask_filter_value", default: -10000)
    }
  }

  static func attention(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...7)
    let settings = try Settings(&attributes)
    try refuse(&attributes, "do_rotary", "past_present_share_buffer")
    attributes.ignore("rotary_embedding_dim")
    let sizes = try attributes.integers("qkv_hidden_sizes")
    guard context.optional(6) == nil else {
      throw .unsupported("a cache in a shared buffer", .operand("past_sequence_length"))
    }
    var packed = try context.one(
      MatMul(), try context.operand(0, "input"), try context.operand(1, "weights"))
    if let bias = context.optional(2) { packed = try context.binary(.add, packed, bias) }
    return try run(
      context, settings, packed, sizes, mask: context.optional(3), past: context.optional(4),
      bias: context.optional(5))
  }

  static func quantized(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(5...9)
    let settings = try Settings(&attributes)
    try refuse(&attributes, "do_rotary", "past_present_share_buffer")
    let sum = try IntegerProducts.product(
      context, try context.operand(0, "input"), context.optional(6),
      try context.operand(1, "weight"), context.optional(7))
    let bias = try context.operand(2, "bias")
    let factor = try context.binary(
      .multiply, try context.operand(3, "input_scale"), try context.operand(4, "weight_scale"))
    let product = try context.binary(
      .multiply, try context.cast(sum, to: context.element(factor)), factor)
    let packed = try context.binary(.add, product, bias)
    return try run(
      context, settings, packed, nil, mask: context.optional(5), past: context.optional(8),
      bias: nil)
  }

  static func refuse(
    _ attributes: inout AttributeReader, _ names: String...
  ) throws(ImportError) {
    for name in names where try attributes.integer(name, default: 0) != 0 {
      throw .unsupported("a value other than 0", .attribute(name))
    }
  }

  /// Attention of a packed projection [batch, sequence, query | key | value].
  private static func run(
    _ context: NodeContext, _ settings: Settings, _ packed: ValueID, _ sizes: [Int]?,
    mask: ValueID?, past: ValueID?, bias: ValueID?
  ) throws(ImportError) -> [ValueID?] {
    let parts: [ValueID]
    if let sizes {
      guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }) else {
        throw .invalid("\(sizes) are not three sizes", .attribute("qkv_hidden_sizes"))
      }
      parts = try context.add(Split(axis: -1, parts: 3), [packed, try context.vector(sizes)])
    } else {
      parts = try context.split(packed, axis: -1, parts: 3)
    }
    let query = try Heads.split(context, parts[0], settings.heads)
    var key = try Heads.split(context, parts[1], settings.heads)
    var value = try Heads.split(context, parts[2], settings.heads)
    if let past {
      let halves = try context.split(past, axis: 0, parts: 2)
      key = try context.concatenated([try context.squeezed(halves[0], [0]), key], axis: 2)
      value = try context.concatenated([try context.squeezed(halves[1], [0]), value], axis: 2)
    }
    let output = try attend(context, settings, query, key, value, mask: mask, bias: bias)
    var present: ValueID?
    if context.uses(output: 1) {
      present = try context.concatenated(
        [try context.unsqueezed(key, [0]), try context.unsqueezed(value, [0])], axis: 0)
    }
    return [output, present]
  }

  /// Attention under masks by exclusion values, heads merged again.
  static func attend(
    _ context: NodeContext, _ settings: Settings, _ query: ValueID, _ key: ValueID,
    _ value: ValueID, mask: ValueID?, bias: ValueID?
  ) throws(ImportError) -> ValueID {
    let element = context.element(query)
    let queries = try context.extent(2, of: query)
    let keys = try context.extent(2, of: key)
    var excluded = try AttentionMask(context, queries: queries, keys: keys)
    if let mask { try excluded.require(try condition(context, mask, query, excluded)) }
    if let bias { try excluded.add(try context.cast(bias, to: element)) }
    var total: ValueID?
    if let allowed = excluded.allowed {
      total = try context.select(
        allowed, try context.scalar(0, element), try context.scalar(settings.filter, element))
      if let bias = excluded.addend {
        total = try context.binary(.add, try requireValue(total), bias)
      }
    } else {
      total = excluded.addend
    }
    if settings.isCausal {
      var causal = try AttentionMask(context, queries: queries, keys: keys)
      if let total { try causal.add(total) }
      try causal.window(
        offset: try context.binary(.subtract, keys, queries), isCausal: true, left: nil,
        right: nil, offsetIsNatural: true)
      total = try causal.bias(element)
    }
    let attention = DotProductAttention(scale: settings.scale, bias: total)
    let stages = try attention.run(context, query: query, key: key, value: value)
    return try Heads.merge(context, stages.output)
  }

  private static func requireValue(_ value: ValueID?) throws(ImportError) -> ValueID {
    guard let value else { throw .invalid("the mask has no bias") }
    return value
  }

  /// A mask's condition on keys, by its rank: lengths, or ends and starts, per batch entry; a flag per
  /// key; a flag per query and key.
  private static func condition(
    _ context: NodeContext, _ mask: ValueID, _ query: ValueID, _ positions: AttentionMask
  ) throws(ImportError) -> ValueID {
    let rank = try context.knownRank(mask, "mask_index")
    let flags = { () throws(ImportError) in
      try context.binary(
        .less, try context.scalar(0, context.element(mask)), mask)
    }
    switch rank {
    case 1:
      let entries = context.fact(mask).type.extents?[0]
      let batch = context.fact(query).type.extents?[0]
      let whole = try context.indices(mask)
      if let entries, let batch, entries == batch {
        return try context.binary(
          .less, positions.columns, try context.unsqueezed(whole, [1, 2, 3]))
      }
      guard let entries, let batch, entries == batch * 2 else {
        throw .unsupported(
          "a mask of rank 1 that is not known to have one or two entries per batch entry",
          .operand("mask_index"))
      }
      let halves = try context.split(whole, axis: 0, parts: 2)
      let before = try context.binary(
        .less, positions.columns, try context.unsqueezed(halves[0], [1, 2, 3]))
      let after = try context.binary(
        .lessOrEqual, try context.unsqueezed(halves[1], [1, 2, 3]), positions.columns)
      return try context.binary(.and, before, after)
    case 2: return try context.unsqueezed(try flags(), [1, 2])
    case 3: return try context.unsqueezed(try flags(), [1])
    default: throw .unsupported("a mask of rank \(rank)", .operand("mask_index"))
    }
  }

  static func multiHead(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1...10)
    let settings = try Settings(&attributes)
    for (index, name) in [(8, "past_sequence_length"), (9, "cache_indirection")]
    where context.optional(index) != nil {
      throw .unsupported("a cache in a shared buffer", .operand(name))
    }
    let biases = try context.optional(3).map { bias throws(ImportError) in
      try projectionBiases(context, bias)
    }
    var (query, key, value) = try projections(context, settings.heads, biases)
    if let past = context.optional(6), let pastValue = context.optional(7) {
      key = try context.concatenated([past, key], axis: 2)
      value = try context.concatenated([pastValue, value], axis: 2)
    }
    let output = try attend(
      context, settings, query, key, value, mask: context.optional(4), bias: context.optional(5))
    query = output
    return [query, key, value]
  }

  /// The biases of query, key and value, packed in one vector: the first two are as long as the query.
  private static func projectionBiases(
    _ context: NodeContext, _ bias: ValueID
  ) throws(ImportError) -> [ValueID] {
    let query = try context.operand(0, "query")
    guard context.rank(query) == 3 else {
      throw .unsupported("a bias on packed operands", .operand("bias"))
    }
    let size = try context.extent(-1, of: query)
    let rest = try context.binary(
      .subtract, try context.extent(0, of: bias), try context.binary(.multiply, size, 2))
    return try context.add(
      Split(axis: 0, parts: 3), [bias, try context.joined([size, size, rest])])
  }

  /// Query, key and value as [batch, heads, sequence, size], however they are packed.
  private static func projections(
    _ context: NodeContext, _ heads: Int, _ biases: [ValueID]?
  ) throws(ImportError) -> (ValueID, ValueID, ValueID) {
    let query = try context.operand(0, "query")
    func parts(_ value: ValueID, _ count: Int) throws(ImportError) -> [ValueID] {
      var parts: [ValueID] = []
      for part in try context.split(value, axis: 3, parts: count) {
        parts.append(try context.transposed(try context.squeezed(part, [3]), [0, 2, 1, 3]))
      }
      return parts
    }
    func head(_ value: ValueID, _ index: Int) throws(ImportError) -> ValueID {
      if context.rank(value) == 4 { return value }
      let sum = try biases.map { biases throws(ImportError) in
        try context.binary(.add, value, biases[index])
      }
      return try Heads.split(context, sum ?? value, heads)
    }
    guard let key = context.optional(1) else {
      guard context.rank(query) == 5 else { throw .invalid("it is required", .operand("key")) }
      let all = try parts(query, 3)
      return (all[0], all[1], all[2])
    }
    if let value = context.optional(2) {
      return (try head(query, 0), try head(key, 1), try head(value, 2))
    }
    guard context.rank(key) == 5 else { throw .invalid("it is required", .operand("value")) }
    let both = try parts(key, 2)
    return (try head(query, 0), both[0], both[1])
  }
}
