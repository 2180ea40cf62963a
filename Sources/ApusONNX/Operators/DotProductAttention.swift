internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Scaled dot-product attention over [batch, heads, sequence, head size] in the core vocabulary:
/// products, softmax and element-wise work that the optimiser sees.
///
/// y = softmax(cap(q · kᵀ · scale) + bias) · v. Sources: Vaswani et al. 2017; ONNX Attention-25.
struct DotProductAttention {
  /// 1 / √(head size) where nil.
  var scale: Double?
  /// Scores become cap · tanh(score / cap) where this is positive.
  var softcap = 0.0
  /// The type in which softmax is computed; the query's where nil.
  var precision: ElementType?
  /// Added to the scores; broadcasts to [batch, heads, queries, keys].
  var bias: ValueID?
  /// Whether the bias may be −∞ for every key of a query, whose weights then are zero.
  var guardsRows = false
  /// A score that joins every softmax and attends to nothing, [1, heads, 1, 1].
  var sink: ValueID?
  typealias Modifier = (ValueID) throws(ImportError) -> ValueID
  /// What becomes of the scores before softmax and of the weights behind it, in softmax's type.
  var scoreGraph: Modifier?
  var weightGraph: Modifier?

  /// What the computation passes through, [batch, heads, queries, keys] but for the output.
  struct Stages {
    var output: ValueID
    var scores: ValueID
    var capped: ValueID
    var biased: ValueID
    var weights: ValueID
  }

  /// Key and value may have fewer heads than the query: neighbouring query heads share one.
  func run(
    _ context: NodeContext, query: ValueID, key: ValueID, value: ValueID
  ) throws(ImportError) -> Stages {
    let element = context.element(query)
    let grouping = try HeadGrouping(context, query: query, key: key)
    let scores = try self.scores(context, query, key, grouping)
    var capped = scores
    if softcap > 0 {
      let ratio = try context.binary(.divide, scores, softcap)
      capped = try context.binary(.multiply, try context.unary(.tanh, ratio), softcap)
    }
    var biased = capped
    if let bias { biased = try context.binary(.add, capped, bias) }
    var wide = try context.cast(biased, to: precision ?? element)
    if let scoreGraph { wide = try scoreGraph(wide) }
    var weights = try softmax(context, wide)
    if let weightGraph { weights = try weightGraph(weights) }
    weights = try context.cast(weights, to: element)
    if guardsRows, let bias {
      let most = try context.reduced(.maximum, bias, [-1])
      let isMasked = try context.binary(.equal, most, -.infinity)
      weights = try context.select(isMasked, try context.scalar(0, element), weights)
    }
    let product = try context.one(
      MatMul(), try grouping.grouped(context, weights), try context.cast(value, to: element))
    return Stages(
      output: try grouping.ungrouped(context, product), scores: scores, capped: capped,
      biased: biased, weights: weights)
  }

  private func softmax(_ context: NodeContext, _ scores: ValueID) throws(ImportError) -> ValueID {
    guard let sink else { return try context.one(Softmax(axis: -1), scores) }
    let column = try context.one(
      Expand(), try context.cast(sink, to: context.element(scores)),
      try context.joined([try context.extents(of: scores, from: 0, to: 3), try context.vector([1])])
    )
    let all = try context.one(
      Softmax(axis: -1), try context.concatenated([scores, column], axis: -1))
    return try context.sliced(all, axis: -1, from: 0, to: -1)
  }

  /// Narrow types scale both operands by the root, so that the product stays in their range.
  private func scores(
    _ context: NodeContext, _ query: ValueID, _ key: ValueID, _ grouping: HeadGrouping
  ) throws(ImportError) -> ValueID {
    let element = context.element(query)
    let isNarrow = element == .float16 || element == .bfloat16
    var left = query
    var right = key
    if isNarrow {
      let root = try factor(context, query, root: true)
      left = try context.binary(.multiply, left, root)
      right = try context.binary(.multiply, right, root)
    }
    let product = try context.one(
      MatMul(rightPermutation: [0, 1, 3, 2]), try grouping.grouped(context, left), right)
    let scores = try grouping.ungrouped(context, product)
    if isNarrow || scale == 1 { return scores }
    return try context.binary(.multiply, scores, try factor(context, query, root: false))
  }

  /// The scale, or its root, in the query's type.
  private func factor(
    _ context: NodeContext, _ query: ValueID, root: Bool
  ) throws(ImportError) -> ValueID {
    let element = context.element(query)
    let size = context.fact(query).type.extents?.last?.fixed
    if let scale = scale ?? size.map({ $0 > 0 ? 1 / Double($0).squareRoot() : 1 }) {
      return try context.scalar(root ? scale.squareRoot() : scale, element)
    }
    let wide: ElementType = element == .float64 ? .float64 : .float32
    let length = try context.cast(
      try context.entry(try context.extent(-1, of: query)), to: wide)
    var result = try context.unary(.reciprocal, try context.unary(.sqrt, length))
    if root { result = try context.unary(.sqrt, result) }
    return try context.cast(result, to: element)
  }
}

/// Query heads that share a key head lie next to each other, so [batch, heads, queries, n] and
/// [batch, key heads, heads / key heads · queries, n] are the same elements: no key is repeated.
struct HeadGrouping {
  /// Batch, key heads and rows; nil where every query head has a key head of its own.
  private let groups: [ValueID]?
  private let ungrouping: [ValueID]

  init(_ context: NodeContext, query: ValueID, key: ValueID) throws(ImportError) {
    let own = context.fact(query).type.extents
    let shared = context.fact(key).type.extents
    for (extents, name) in [(own, "query"), (shared, "key")] {
      if let extents, extents.count != 4 {
        throw .invalid("it has rank \(extents.count), expected 4", .operand(name))
      }
    }
    if let own, let shared, own[1] == shared[1] {
      groups = nil
      ungrouping = []
      return
    }
    if let heads = own?[1].fixed, let few = shared?[1].fixed, few == 0 || heads % few != 0 {
      throw .invalid("\(heads) query heads do not share \(few) key heads")
    }
    let heads = try context.extent(1, of: key)
    let queries = try context.binary(
      .multiply, try context.extent(1, of: query), try context.extent(2, of: query))
    groups = [
      try context.extent(0, of: query), heads, try context.binary(.divide, queries, heads),
    ]
    ungrouping = [try context.extents(of: query, from: 0, to: 3)]
  }

  func grouped(_ context: NodeContext, _ value: ValueID) throws(ImportError) -> ValueID {
    guard let groups else { return value }
    return try context.reshaped(value, to: groups + [try context.extent(-1, of: value)])
  }

  func ungrouped(_ context: NodeContext, _ value: ValueID) throws(ImportError) -> ValueID {
    guard groups != nil else { return value }
    return try context.reshaped(value, to: ungrouping + [try context.extent(-1, of: value)])
  }
}

/// Between [batch, sequence, heads · size] and [batch, heads, sequence, size].
enum Heads {
  static func split(
    _ context: NodeContext, _ packed: ValueID, _ heads: Int
  ) throws(ImportError) -> ValueID {
    try context.transposed(try context.reshaped(packed, [0, 0, heads, -1]), [0, 2, 1, 3])
  }

  static func merge(_ context: NodeContext, _ value: ValueID) throws(ImportError) -> ValueID {
    try context.reshaped(try context.transposed(value, [0, 2, 1, 3]), [0, 0, -1])
  }
}
