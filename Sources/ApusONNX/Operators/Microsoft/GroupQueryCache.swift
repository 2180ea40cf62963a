internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// How a cache of keys or values is stored that holds codes: number = code · scale. Codes are int8,
/// float8e4m3fn, or 4 bits of −8 … 7 with 8 added, the even one of two in the low half of a byte.
struct CacheCoding {
  /// The cache's element type.
  let element: ElementType
  /// One scale, or one a channel; broadcasts to the cache.
  let scale: ValueID

  /// The coding that attributes and operands of GroupQueryAttention ask for; nil for none.
  init?(
    _ context: NodeContext, kind: String, bits: Int, past: ValueID?, scaleIndex: Int, name: String
  ) throws(ImportError) {
    guard kind != "NONE" else { return nil }
    guard kind == "PER_TENSOR" || kind == "PER_CHANNEL" else {
      throw .invalid("'\(kind)' is not NONE, PER_TENSOR or PER_CHANNEL", .attribute(name))
    }
    scale = try context.operand(scaleIndex, name == "k_quant_type" ? "k_scale" : "v_scale")
    element = past.map(context.element) ?? (bits == 4 ? .uint8 : .int8)
    let width = [ElementType.int8: 8, .float8e4m3fn: 8, .uint8: 4][element]
    guard let width, bits == 0 || bits == width else {
      throw .invalid(
        "a quantized cache of \(element.name) cannot have \(bits) bits",
        .attribute("kv_cache_bit_width"))
    }
  }

  /// Numbers [..., size] as codes.
  func encoded(_ context: NodeContext, _ numbers: ValueID) throws(ImportError) -> ValueID {
    let quotient = try context.binary(
      .divide, try context.cast(numbers, to: .float32), scale)
    if element == .float8e4m3fn { return try context.cast(quotient, to: element) }
    let reach = element == .uint8 ? 8.0 : 128.0
    let codes = try context.binary(
      .minimum,
      try context.binary(.maximum, try context.unary(.round, quotient), -reach), reach - 1)
    guard element == .uint8 else { return try context.cast(codes, to: element) }
    let shifted = try context.binary(.add, codes, reach)
    let low = try context.sliced(shifted, axis: -1, from: 0, to: .max, step: 2)
    let high = try context.sliced(shifted, axis: -1, from: 1, to: .max, step: 2)
    let bytes = try context.binary(.add, low, try context.binary(.multiply, high, 16))
    return try context.cast(bytes, to: .uint8)
  }

  /// The numbers of codes, in an element type.
  func decoded(
    _ context: NodeContext, _ codes: ValueID, to type: ElementType
  ) throws(ImportError) -> ValueID {
    var numbers: ValueID
    if element == .uint8 {
      let unpacked = try context.one(Unpack(as: .uint4), codes)
      numbers = try context.binary(.subtract, try context.cast(unpacked, to: .float32), 8)
    } else {
      numbers = try context.cast(codes, to: .float32)
    }
    numbers = try context.binary(.multiply, numbers, scale)
    return try context.cast(numbers, to: type)
  }
}

/// A cache with room for `capacity` positions that drops the oldest by itself (`sliding_window_cache`).
///
/// Its first rows hold the latest positions in order, at least a window of them. Of T positions it
/// holds L(T) = T up to the capacity C, then T − G · ⌈(T − C) / G⌉ with G = C − W + 1, W being the
/// window. Source: ONNX Runtime, ContribOperators.md.
struct WindowedCache {
  /// The window and the capacity, a vector of one entry.
  let window: Int
  let capacity: ValueID
  /// Per batch entry, [batch, 1]: positions before this call, and rows that the cache holds of them.
  let before: ValueID
  let held: ValueID
  /// The same behind this call.
  let after: ValueID
  let kept: ValueID

  init(
    _ context: NodeContext, past: ValueID, window: Int, before: ValueID, steps: ValueID
  ) throws(ImportError) {
    self.window = window
    self.before = before
    capacity = try context.extent(2, of: past)
    if let known = context.fact(capacity).integers?.first, known < window {
      throw .invalid(
        "a cache of \(known) positions is shorter than the window of \(window)",
        .operand("past_key"))
    }
    after = try context.binary(.add, before, steps)
    held = try Self.held(context, before, capacity, window)
    kept = try Self.held(context, after, capacity, window)
  }

  private static func held(
    _ context: NodeContext, _ total: ValueID, _ capacity: ValueID, _ window: Int
  ) throws(ImportError) -> ValueID {
    let step = try context.binary(
      .maximum, try context.binary(.subtract, capacity, Double(window - 1)), 1)
    let excess = try context.binary(
      .maximum, try context.binary(.subtract, total, capacity), 0)
    let rounded = try context.binary(
      .subtract, try context.binary(.add, excess, step), 1)
    let dropped = try context.binary(
      .multiply, try context.binary(.divide, rounded, step), step)
    return try context.binary(.subtract, total, dropped)
  }

  /// The cache behind this call, of its rows before and the new ones (`all`, joined along axis 2).
  func present(_ context: NodeContext, _ all: ValueID) throws(ImportError) -> ValueID {
    let columns = try context.counting(to: capacity)
    let positions = try context.binary(
      .add, try context.binary(.subtract, after, kept), columns)
    let old = try context.binary(
      .subtract, positions, try context.binary(.subtract, before, held))
    let new = try context.binary(
      .add, try context.binary(.subtract, positions, before), capacity)
    let place = try context.select(
      try context.binary(.less, positions, before), old, new)
    // What lies behind the rows that are kept is nobody's business; any row will do.
    let most = try context.binary(.subtract, try context.extent(2, of: all), 1)
    let rows = try context.transposed(all, [0, 2, 1, 3])
    let gathered = try context.one(
      GatherND(batchDimensions: 1), rows,
      try context.unsqueezed(try context.binary(.minimum, place, most), [2]))
    return try context.transposed(gathered, [0, 2, 1, 3])
  }

  /// For the rows of `all`, [batch, rows]: their positions, and whether they hold one.
  private func places(
    _ context: NodeContext, _ columns: ValueID
  ) throws(ImportError) -> (positions: ValueID, isHeld: ValueID) {
    let isOld = try context.binary(.less, columns, capacity)
    let first = try context.binary(.subtract, before, held)
    let old = try context.binary(.add, columns, first)
    let new = try context.binary(
      .add, try context.binary(.subtract, columns, capacity), before)
    let isFresh = try context.unary(.not, isOld)
    return (
      try context.select(isOld, old, new),
      try context.binary(.or, isFresh, try context.binary(.less, columns, held))
    )
  }

  /// Which rows of `all` queries attend to, and the bias on the scores; `bias` is indexed by position.
  func mask(
    _ context: NodeContext, steps: ValueID, all: ValueID, bias: ValueID?
  ) throws(ImportError) -> AttentionMask {
    var mask = try AttentionMask(
      context, queries: steps, keys: try context.extent(2, of: all))
    let (positions, isHeld) = try places(context, mask.columns)
    let columns = try context.unsqueezed(positions, [1, 2])
    let rows = try context.binary(.add, mask.rows, try context.unsqueezed(before, [1, 2]))
    try mask.require(try context.unsqueezed(isHeld, [1, 2]), mayExcludeAll: false)
    try mask.require(try context.binary(.lessOrEqual, columns, rows), mayExcludeAll: false)
    let first = try context.binary(.subtract, rows, Double(window - 1))
    try mask.require(try context.binary(.lessOrEqual, first, columns), mayExcludeAll: false)
    if let bias {
      let most = try context.binary(.subtract, try context.extent(-1, of: bias), 1)
      let place = try context.binary(
        .maximum, try context.binary(.minimum, positions, most), 0)
      let shape = try context.joined([
        try context.extent(0, of: place), try context.vector([1, 1, 1]),
      ])
      let spread = try context.transposed(
        try context.one(Expand(), bias, shape), [0, 3, 1, 2])
      let gathered = try context.one(
        GatherND(batchDimensions: 1), spread, try context.unsqueezed(place, [2]))
      try mask.add(try context.transposed(gathered, [0, 2, 3, 1]))
    }
    return mask
  }
}
