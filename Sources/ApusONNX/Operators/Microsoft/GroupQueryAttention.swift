internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// GroupQueryAttention of domain com.microsoft: causal attention over a cache whose valid length differs
/// from one batch entry to the next. Source: ONNX Runtime, ContribOperators.md.
enum GroupQueryAttention {
  static func attention(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(7...16)
    let settings = try Settings(&attributes)
    guard settings.traced != 0 || !context.uses(output: 3) else {
      throw .invalid("output_qk needs it to be 1 or 2", .attribute("qk_output"))
    }
    var (query, key, value) = try projections(context, settings)
    let steps = try context.extent(2, of: query)
    // Valid keys before this call, per batch entry: [batch, 1].
    let last = try context.unsqueezed(try context.indices(try context.operand(5, "seqlens_k")), [1])
    let earlier = try context.binary(.subtract, try context.binary(.add, last, 1), steps)
    let before = try context.binary(.maximum, earlier, 0)
    (query, key) = try normalized(context, settings, query, key)
    (query, key) = try rotated(context, settings, query, key, before: before, steps: steps)
    let cache = try stored(context, settings, key, value, before: before, steps: steps)
    let element = context.element(query)
    let mask: AttentionMask
    if let windowed = cache.windowed {
      mask = try windowed.mask(
        context, steps: steps, all: cache.keys, bias: context.optional(10))
    } else {
      mask = try self.mask(context, settings, query, cache.keys, before)
    }
    let attention = DotProductAttention(
      scale: settings.scale, softcap: settings.softcap, bias: try mask.bias(element),
      guardsRows: mask.mayExcludeAll, sink: try sink(context, settings, element))
    let stages = try attention.run(
      context, query: query, key: cache.keys, value: cache.values)
    let output = try Heads.merge(context, stages.output)
    guard context.uses(output: 3) else { return [output, cache.presentKeys, cache.presentValues] }
    let traced = try self.traced(context, settings, stages, mask)
    return [output, cache.presentKeys, cache.presentValues, traced]
  }

  /// Keys and values to attend to, and the cache behind the call.
  private struct Stored {
    var keys: ValueID
    var values: ValueID
    var presentKeys: ValueID
    var presentValues: ValueID
    var windowed: WindowedCache?
  }

  private static func stored(
    _ context: NodeContext, _ settings: Settings, _ key: ValueID, _ value: ValueID,
    before: ValueID, steps: ValueID
  ) throws(ImportError) -> Stored {
    let element = context.element(key)
    let codings = (
      try CacheCoding(
        context, kind: settings.keyCoding, bits: settings.bits, past: context.optional(3),
        scaleIndex: 12, name: "k_quant_type"),
      try CacheCoding(
        context, kind: settings.valueCoding, bits: settings.bits, past: context.optional(4),
        scaleIndex: 13, name: "v_quant_type")
    )
    let fresh = (
      try codings.0?.encoded(context, key) ?? key, try codings.1?.encoded(context, value) ?? value
    )
    func decoded(_ codes: ValueID, _ coding: CacheCoding?) throws(ImportError) -> ValueID {
      try coding?.decoded(context, codes, to: element) ?? codes
    }
    guard let past = context.optional(3), let pastValue = context.optional(4) else {
      guard !settings.slides else {
        throw .invalid("sliding_window_cache needs a cache", .operand("past_key"))
      }
      return Stored(
        keys: try decoded(fresh.0, codings.0), values: try decoded(fresh.1, codings.1),
        presentKeys: fresh.0, presentValues: fresh.1)
    }
    if settings.slides, let window = settings.window {
      let windowed = try WindowedCache(
        context, past: past, window: window, before: before, steps: steps)
      let keys = try context.concatenated([past, fresh.0], axis: 2)
      let values = try context.concatenated([pastValue, fresh.1], axis: 2)
      return Stored(
        keys: try decoded(keys, codings.0), values: try decoded(values, codings.1),
        presentKeys: try windowed.present(context, keys),
        presentValues: try windowed.present(context, values), windowed: windowed)
    }
    let total = try self.total(context)
    let keys = try appended(context, fresh.0, to: past, before: before, total: total)
    let values = try appended(context, fresh.1, to: pastValue, before: before, total: total)
    return Stored(
      keys: try decoded(keys, codings.0), values: try decoded(values, codings.1),
      presentKeys: keys, presentValues: values)
  }

  private static func total(_ context: NodeContext) throws(ImportError) -> ValueID {
    try context.reshaped(
      try context.indices(try context.operand(6, "total_sequence_length")), [1])
  }

  /// The scores (0 where a query does not look) or the weights, for keys up to the longest length.
  private static func traced(
    _ context: NodeContext, _ settings: Settings, _ stages: DotProductAttention.Stages,
    _ mask: AttentionMask
  ) throws(ImportError) -> ValueID {
    var scores = settings.traced == 1 ? stages.biased : stages.weights
    if settings.traced == 1, let allowed = mask.allowed {
      scores = try context.select(
        allowed, scores, try context.scalar(0, context.element(scores)))
    }
    guard context.optional(3) != nil else { return scores }
    return try context.one(
      Slice(), scores, try context.vector([0]), try total(context), try context.vector([3]),
      try context.vector([1]))
  }

  private struct Settings {
    var heads: Int
    var keyHeads: Int
    var scale: Double?
    var softcap: Double
    var window: Int?
    var isCausal: Bool
    var rotates: Bool
    var isInterleaved: Bool
    var isSmooth: Bool
    var epsilon: Double
    /// 1 shows the scores, 2 the weights.
    var traced: Int
    var slides: Bool
    var keyCoding: String
    var valueCoding: String
    /// Of a code; 0 where the cache's type tells.
    var bits: Int

    init(_ attributes: inout AttributeReader) throws(ImportError) {
      guard let heads = try attributes.integer("num_heads"), heads > 0, heads <= 1 << 31,
        let keyHeads = try attributes.integer("kv_num_heads"), keyHeads > 0,
        heads % keyHeads == 0
      else { throw .invalid("it must be a multiple of kv_num_heads", .attribute("num_heads")) }
      self.heads = heads
      self.keyHeads = keyHeads
      let scale = try attributes.real("scale")
      self.scale = scale == 0 ? nil : scale
      softcap = try attributes.real("softcap", default: 0)
      let window = try attributes.integer("local_window_size", default: -1)
      guard window >= -1, window <= 1 << 31 else {
        throw .invalid("\(window) is out of range", .attribute("local_window_size"))
      }
      self.window = window < 0 ? nil : window
      isCausal = try attributes.flag("causal", default: true)
      rotates = try attributes.flag("do_rotary", default: false)
      isInterleaved = try attributes.flag("rotary_interleaved", default: false)
      isSmooth = try attributes.integer("smooth_softmax", default: -1) > 0
      epsilon = try attributes.real("qk_norm_epsilon", default: 1e-6)
      traced = try attributes.integer("qk_output", default: 0)
      guard (0...2).contains(traced) else {
        throw .invalid("\(traced) is not 0, 1 or 2", .attribute("qk_output"))
      }
      slides = try attributes.flag("sliding_window_cache", default: false)
      if slides {
        guard isCausal, window > 0 else {
          throw .invalid(
            "it needs causal attention and local_window_size", .attribute("sliding_window_cache"))
        }
        // What the scores' last axis would stand for is not said.
        guard traced == 0 else {
          throw .unsupported("with sliding_window_cache", .attribute("qk_output"))
        }
      }
      keyCoding = try attributes.text("k_quant_type") ?? "NONE"
      valueCoding = try attributes.text("v_quant_type") ?? "NONE"
      bits = try attributes.integer("kv_cache_bit_width", default: 0)
    }
  }

  private static func projections(
    _ context: NodeContext, _ settings: Settings
  ) throws(ImportError) -> (ValueID, ValueID, ValueID) {
    let query = try context.operand(0, "query")
    if let key = context.optional(1) {
      return (
        try Heads.split(context, query, settings.heads),
        try Heads.split(context, key, settings.keyHeads),
        try Heads.split(context, try context.operand(2, "value"), settings.keyHeads)
      )
    }
    let all = settings.heads + 2 * settings.keyHeads
    let split = try Heads.split(context, query, all)
    let parts = try context.add(
      Split(axis: 1, parts: 3),
      [split, try context.vector([settings.heads, settings.keyHeads, settings.keyHeads])])
    return (parts[0], parts[1], parts[2])
  }

  private static func normalized(
    _ context: NodeContext, _ settings: Settings, _ query: ValueID, _ key: ValueID
  ) throws(ImportError) -> (ValueID, ValueID) {
    guard let forQuery = context.optional(14), let forKey = context.optional(15) else {
      return (query, key)
    }
    let operation = RMSNormalization(axis: -1, epsilon: settings.epsilon)
    return (try context.one(operation, query, forQuery), try context.one(operation, key, forKey))
  }

  private static func rotated(
    _ context: NodeContext, _ settings: Settings, _ query: ValueID, _ key: ValueID,
    before: ValueID, steps: ValueID
  ) throws(ImportError) -> (ValueID, ValueID) {
    guard settings.rotates else { return (query, key) }
    let cosines = try context.operand(7, "cos_cache")
    let sines = try context.operand(8, "sin_cache")
    let positions: ValueID
    if let given = context.optional(9) {
      positions = given
    } else {
      positions = try context.binary(.add, before, try context.counting(to: steps))
    }
    let cosine = try context.unsqueezed(
      try context.one(Gather(axis: 0), cosines, positions), [1])
    let sine = try context.unsqueezed(try context.one(Gather(axis: 0), sines, positions), [1])
    guard let half = context.fact(cosines).type.extents?.last?.fixed, half <= 1 << 30 else {
      throw .unsupported("tables of unknown width", .operand("cos_cache"))
    }
    let rotation = RotaryEmbedding(isInterleaved: settings.isInterleaved, size: 2 * half)
    return (
      try rotation.turned(context, query, cosine, sine),
      try rotation.turned(context, key, cosine, sine)
    )
  }

  /// The cache with new rows [batch, heads, steps, size] behind the valid ones of each batch entry. It
  /// is as long as the old one, or as the longest entry needs.
  private static func appended(
    _ context: NodeContext, _ fresh: ValueID, to past: ValueID, before: ValueID, total: ValueID
  ) throws(ImportError) -> ValueID {
    let capacity = try context.extent(2, of: past)
    let length = try context.binary(.maximum, capacity, total)
    let rows = try context.transposed(
      try context.concatenated([past, fresh], axis: 2), [0, 2, 1, 3])
    let columns = try context.counting(to: length)
    let isOld = try context.binary(.less, columns, before)
    let moved = try context.binary(
      .add, try context.binary(.subtract, columns, before), capacity)
    // What lies behind the valid rows is never attended to; any row will do.
    let most = try context.binary(.subtract, try context.extent(1, of: rows), 1)
    let place = try context.binary(
      .minimum, try context.select(isOld, columns, moved), most)
    let gathered = try context.one(
      GatherND(batchDimensions: 1), rows, try context.unsqueezed(place, [2]))
    return try context.transposed(gathered, [0, 2, 1, 3])
  }

  private static func mask(
    _ context: NodeContext, _ settings: Settings, _ query: ValueID, _ key: ValueID,
    _ before: ValueID
  ) throws(ImportError) -> AttentionMask {
    let keys = try context.extent(2, of: key)
    var mask = try AttentionMask(context, queries: try context.extent(2, of: query), keys: keys)
    let offset = try context.unsqueezed(before, [1, 2])
    try mask.window(
      offset: offset, isCausal: settings.isCausal, left: settings.window.map { $0 - 1 },
      right: nil, offsetIsNatural: true)
    if !settings.isCausal {
      let lengths = try context.indices(try context.operand(5, "seqlens_k"))
      try mask.require(
        try context.binary(
          .lessOrEqual, mask.columns, try context.unsqueezed(lengths, [1, 2, 3])))
    }
    if let bias = context.optional(10) {
      try mask.add(try Attention.padded(context, bias, to: keys, with: 0))
    }
    return mask
  }

  /// What each head adds to the denominator of its softmax, as a score [1, heads, 1, 1].
  private static func sink(
    _ context: NodeContext, _ settings: Settings, _ element: ElementType
  ) throws(ImportError) -> ValueID? {
    if let sink = context.optional(11) {
      return try context.unsqueezed(try context.cast(sink, to: element), [0, 2, 3])
    }
    guard settings.isSmooth else { return nil }
    return try context.filled(0, element, try context.vector([1, settings.heads, 1, 1]))
  }
}
