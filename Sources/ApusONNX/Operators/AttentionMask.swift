internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Which keys a query attends to, put together from conditions on positions and from masks, and the
/// bias on the scores that says so.
///
/// Conditions and addends broadcast to [batch, heads, queries, keys].
struct AttentionMask {
  private(set) var allowed: ValueID?
  private(set) var addend: ValueID?
  /// Whether some query may be left with no key.
  private(set) var mayExcludeAll = false

  /// Positions 0 … queries and keys, as [queries, 1] and [keys].
  let rows: ValueID
  let columns: ValueID
  private let context: NodeContext

  /// `queries` and `keys` are vectors of one entry.
  init(_ context: NodeContext, queries: ValueID, keys: ValueID) throws(ImportError) {
    self.context = context
    rows = try context.unsqueezed(try context.counting(to: queries), [1])
    columns = try context.counting(to: keys)
  }

  /// Allows only what `condition` allows.
  mutating func require(
    _ condition: ValueID, mayExcludeAll: Bool = true
  ) throws(ImportError) {
    if let allowed {
      self.allowed = try context.binary(.and, allowed, condition)
    } else {
      allowed = condition
    }
    self.mayExcludeAll = self.mayExcludeAll || mayExcludeAll
  }

  /// Adds numbers to the scores; they may be −∞.
  mutating func add(_ bias: ValueID) throws(ImportError) {
    if let addend {
      self.addend = try context.binary(.add, addend, bias)
    } else {
      addend = bias
    }
    mayExcludeAll = true
  }

  /// The keys up to a query's own position, and within bounds left and right of it. `offset` is the
  /// position of the first query: a scalar, or [batch, 1, 1, 1].
  mutating func window(
    offset: ValueID?, isCausal: Bool, left: Int?, right: Int?, offsetIsNatural: Bool
  ) throws(ImportError) {
    guard isCausal || left != nil || right != nil else { return }
    var positions = rows
    if let offset { positions = try context.binary(.add, rows, offset) }
    if isCausal {
      try require(
        try context.binary(.lessOrEqual, columns, positions), mayExcludeAll: !offsetIsNatural)
    }
    if let left {
      let first = try context.binary(.subtract, positions, Double(left))
      try require(try context.binary(.lessOrEqual, first, columns))
    }
    if let right {
      let last = try context.binary(.add, positions, Double(right))
      try require(try context.binary(.lessOrEqual, columns, last), mayExcludeAll: !offsetIsNatural)
    }
  }

  /// The bias in an element type; nil where everything is allowed. `excluded` is what takes the place
  /// of −∞.
  func bias(
    _ element: ElementType, excluded: Double = -.infinity
  ) throws(ImportError) -> ValueID? {
    guard let allowed else { return addend }
    let otherwise = try context.scalar(excluded, element)
    if let addend { return try context.select(allowed, addend, otherwise) }
    return try context.select(allowed, try context.scalar(0, element), otherwise)
  }
}
