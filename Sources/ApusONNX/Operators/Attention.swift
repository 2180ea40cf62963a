internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Attention, opsets 23 to 25.
enum Attention {
  static func attention(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...(context.opset >= 24 ? 7 : 6))
    let settings = try Settings(context, &attributes)
    var query = try context.operand(0, "Q")
    var key = try context.operand(1, "K")
    var value = try context.operand(2, "V")
    let isPacked = try settings.isPacked(context, query)
    if isPacked {
      guard let heads = settings.queryHeads, let shared = settings.keyHeads else {
        throw .invalid("it is required for operands of rank 3", .attribute("q_num_heads"))
      }
      query = try Heads.split(context, query, heads)
      key = try Heads.split(context, key, shared)
      value = try Heads.split(context, value, shared)
    }
    let pastKey = context.optional(4)
    let pastValue = context.optional(5)
    guard (pastKey == nil) == (pastValue == nil) else {
      throw .invalid("it needs the other half of the cache", .operand("past_key"))
    }
    if let pastKey, let pastValue {
      key = try context.concatenated([pastKey, key], axis: 2)
      value = try context.concatenated([pastValue, value], axis: 2)
    }
    let (bias, guardsRows) = try mask(context, settings, query, key, pastKey)
    let attention = DotProductAttention(
      scale: settings.scale, softcap: settings.softcap, precision: settings.precision, bias: bias,
      guardsRows: guardsRows)
    let stages = try attention.run(context, query: query, key: key, value: value)
    let traced = [stages.scores, stages.capped, stages.biased, stages.weights][settings.traced]
    return [
      isPacked ? try Heads.merge(context, stages.output) : stages.output, key, value, traced,
    ]
  }

  private struct Settings {
    var scale: Double?
    var softcap: Double
    var precision: ElementType?
    var queryHeads: Int?
    var keyHeads: Int?
    var isCausal: Bool
    var traced: Int
    var left: Int?
    var right: Int?

    init(_ context: NodeContext, _ attributes: inout AttributeReader) throws(ImportError) {
      scale = try attributes.real("scale")
      if let scale, !(scale >= 0) {
        throw .invalid("\(scale) has no square root", .attribute("scale"))
      }
      softcap = try attributes.real("softcap", default: 0)
      precision = try attributes.element("softmax_precision")
      if let precision, ![.float32, .float16, .float64, .bfloat16].contains(precision) {
        throw .invalid("\(precision.name) is no precision", .attribute("softmax_precision"))
      }
      queryHeads = try Self.heads("q_num_heads", &attributes)
      keyHeads = try Self.heads("kv_num_heads", &attributes)
      isCausal = try attributes.flag("is_causal", default: false)
      traced = try attributes.integer("qk_matmul_output_mode", default: 0)
      guard (0...3).contains(traced) else {
        throw .invalid("\(traced) is not 0 to 3", .attribute("qk_matmul_output_mode"))
      }
      guard context.opset >= 25 else { return }
      left = try Self.bound("left_window_size", &attributes)
      right = try Self.bound("right_window_size", &attributes)
    }

    private static func heads(
      _ name: String, _ attributes: inout AttributeReader
    ) throws(ImportError) -> Int? {
      guard let heads = try attributes.integer(name) else { return nil }
      guard heads > 0, heads <= 1 << 31 else {
        throw .invalid("\(heads) is out of range", .attribute(name))
      }
      return heads
    }

    private static func bound(
      _ name: String, _ attributes: inout AttributeReader
    ) throws(ImportError) -> Int? {
      guard let bound = try attributes.integer(name), bound != -1 else { return nil }
      guard bound >= 0, bound <= 1 << 31 else {
        throw .invalid("\(bound) is out of range", .attribute(name))
      }
      return bound
    }

    /// Whether heads are packed into the last of three dimensions.
    func isPacked(_ context: NodeContext, _ query: ValueID) throws(ImportError) -> Bool {
      guard let rank = context.rank(query) else { return queryHeads != nil }
      guard rank == 3 || rank == 4 else {
        throw .invalid("it has rank \(rank), expected 3 or 4", .operand("Q"))
      }
      return rank == 3
    }
  }

  private static func mask(
    _ context: NodeContext, _ settings: Settings, _ query: ValueID, _ key: ValueID,
    _ past: ValueID?
  ) throws(ImportError) -> (bias: ValueID?, guardsRows: Bool) {
    let element = context.element(query)
    let queries = try context.extent(2, of: query)
    let keys = try context.extent(2, of: key)
    var mask = try AttentionMask(context, queries: queries, keys: keys)
    var lengths: ValueID?
    if context.opset >= 24, let given = context.optional(6) {
      guard past == nil else {
        throw .invalid("it excludes a cache in past_key", .operand("nonpad_kv_seqlen"))
      }
      lengths = try context.unsqueezed(given, [1, 2, 3])
    }
    var offset: ValueID?
    if let past {
      offset = try context.extent(2, of: past)
    } else if let lengths {
      offset = try context.binary(.subtract, lengths, queries)
    }
    try mask.window(
      offset: offset, isCausal: settings.isCausal, left: settings.left, right: settings.right,
      offsetIsNatural: lengths == nil)
    if let lengths { try mask.require(try context.binary(.less, mask.columns, lengths)) }
    if let given = context.optional(3) {
      let isBoolean = context.element(given) == .bool
      let numbers = isBoolean ? given : try context.cast(given, to: element)
      let full = try padded(context, numbers, to: keys, with: isBoolean ? 0 : -.infinity)
      if isBoolean { try mask.require(full) } else { try mask.add(full) }
    }
    return (try mask.bias(element), mask.mayExcludeAll)
  }

  /// A mask may end early; the keys behind are excluded.
  static func padded(
    _ context: NodeContext, _ mask: ValueID, to keys: ValueID, with filler: Double
  ) throws(ImportError) -> ValueID {
    let length = try context.extent(-1, of: mask)
    if let known = context.fact(length).contents, known == context.fact(keys).contents {
      return mask
    }
    let missing = try context.binary(
      .maximum, try context.binary(.subtract, keys, length), 0)
    if context.fact(missing).integers == [0] { return mask }
    let lead = try context.extents(of: mask, from: 0, to: -1)
    let tail = try context.filled(
      filler, context.element(mask), try context.joined([lead, missing]))
    return try context.concatenated([mask, tail], axis: -1)
  }
}
