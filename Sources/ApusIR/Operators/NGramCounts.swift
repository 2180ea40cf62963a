package import ApusTensor

/// How often an n-gram occurs, as a number.
package enum NGramWeighting: String, FieldKind, CaseIterable {
  /// The count.
  case count
  /// The n-gram's weight where it occurs.
  case presence
  /// The count times the n-gram's weight.
  case weightedCount
}

/// Counts known n-grams in lists of tokens: a row of results for each row of tokens.
///
/// Operands: `tokens` of shape [c] or [n, c]; `pool`, all known n-grams one after the other, the
/// shortest first, of the tokens' kind (strings or integers); `starts`, where the 1-grams, the
/// 2-grams and so on begin in the pool; `columns`, the place of each n-gram in the result; and
/// optionally `weights` (float32), one an n-gram. N-grams of `shortest` to `longest` tokens count,
/// with 0 to `skips` tokens left out between any two neighbours, the same number everywhere.
/// The result is float32 of shape [width] or [n, width]. Source: ONNX TfIdfVectorizer-9.
package struct NGramCounts: Operator {
  package static let name = "ngram_counts"
  package static let operandNames = ["tokens", "pool", "starts", "columns", "weights"]
  package static var fields: [Field<Self>] {
    [
      Field("weighting", \.weighting), Field("shortest", \.shortest), Field("longest", \.longest),
      Field("skips", \.skips), Field("width", \.width),
    ]
  }

  package var weighting = NGramWeighting.count
  package var shortest = 1
  package var longest = 1
  package var skips = 0
  /// Columns of the result.
  package var width = 0

  package init() {}
  package init(weighting: NGramWeighting, shortest: Int, longest: Int, skips: Int, width: Int) {
    self.weighting = weighting
    self.shortest = shortest
    self.longest = longest
    self.skips = skips
    self.width = width
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(4...5)
    let tokens = try operands.require(0, element: [.string, .int64, .int32])
    _ = try operands.require(1, element: tokens.element == .string ? [.string] : [.int64])
    _ = try operands.require(2, element: [.int64])
    _ = try operands.require(3, element: [.int64])
    if operands[4] != nil { _ = try operands.require(4, element: [.float32]) }
    guard shortest >= 1, longest >= shortest, skips >= 0, width >= 0 else {
      throw .invalid(
        field: "shortest",
        reason: "\(shortest) to \(longest) tokens, \(skips) skipped, \(width) columns")
    }
    guard let extents = tokens.type.extents else { return [.unknown(.float32)] }
    guard extents.count == 1 || extents.count == 2 else {
      throw .rank(operand: "tokens", found: extents.count, expected: "1 or 2")
    }
    return [Fact(.float32, Array(extents.dropLast()) + [.fixed(width)])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let tokens = try operands.tensor(0)
    guard tokens.rank == 1 || tokens.rank == 2 else {
      throw .type(.rank(operand: "tokens", found: tokens.rank, expected: "1 or 2"))
    }
    let columns = try operands.tensor(3).decodedIntegers()
    let weights = try operands.optional(4)?.decodedReals()
    if let weights, weights.count != columns.count {
      throw .value("\(weights.count) weights for \(columns.count) n-grams")
    }
    for column in columns where column < 0 || column >= width {
      throw .indexOutOfRange(operand: "columns", index: column, limit: width)
    }
    let trie = try Trie(
      pool: try Self.identities(operands.tensor(1)),
      starts: try operands.tensor(2).decodedIntegers(), count: columns.count)
    let length = tokens.shape[tokens.rank - 1]
    let rows = tokens.rank == 1 ? 1 : tokens.shape[0]
    let shape = Array(tokens.shape.dropLast()) + [width]
    guard let size = Array.product(shape) else { throw .limit("a result of shape \(shape)") }
    let identities = try Self.identities(tokens)
    var sums = [Double](repeating: 0, count: size)
    for row in 0..<rows {
      let counts = counts(
        Array(identities[(row * length)..<((row + 1) * length)]), trie)
      for (gram, count) in counts {
        let weight = weights?[gram] ?? 1
        let value =
          switch weighting {
          case .count: Double(count)
          case .presence: weight
          case .weightedCount: Double(count) * weight
          }
        sums[row * width + columns[gram]] += value
      }
    }
    return [try .make(.float32, shape, .real(sums))]
  }

  /// How often each known n-gram occurs.
  private func counts(_ tokens: [Token], _ trie: Trie) -> [Int: Int] {
    var counts: [Int: Int] = [:]
    // Single tokens have no neighbours to skip to.
    let steps = longest == 1 ? 1 : min(skips, tokens.count) + 1
    for step in 1...steps {
      for start in tokens.indices {
        var node = 0
        var position = start
        for size in 1...longest {
          guard position < tokens.count, let next = trie.step(node, tokens[position]) else { break }
          node = next
          if size >= shortest, size > 1 || step == 1, let gram = trie.grams[node] {
            counts[gram, default: 0] += 1
          }
          position += step
        }
      }
    }
    return counts
  }

  private enum Token: Hashable {
    case number(Int)
    case text(ByteText)
  }

  private static func identities(_ tensor: HostTensor) throws(EvaluationError) -> [Token] {
    if case .texts(let texts) = tensor.content { return texts.map { .text(ByteText($0)) } }
    return try tensor.decodedIntegers().map { .number($0) }
  }

  /// The known n-grams by their tokens.
  private struct Trie {
    private struct Edge: Hashable {
      var node: Int
      var token: Token
    }

    private var edges: [Edge: Int] = [:]
    /// The n-gram that ends at a node.
    private(set) var grams: [Int: Int] = [:]

    init(pool: [Token], starts: [Int], count: Int) throws(EvaluationError) {
      var gram = 0
      for (index, start) in starts.enumerated() {
        let end = index + 1 < starts.count ? starts[index + 1] : pool.count
        guard start >= 0, start <= end, end <= pool.count else {
          throw .value("the \(index + 1)-grams lie at \(start) to \(end) of \(pool.count) tokens")
        }
        let size = index + 1
        guard (end - start) % size == 0 else {
          throw .value("\(end - start) tokens are no list of \(size)-grams")
        }
        for first in stride(from: start, to: end, by: size) {
          var node = 0
          for token in pool[first..<(first + size)] {
            let edge = Edge(node: node, token: token)
            if let next = edges[edge] {
              node = next
            } else {
              edges[edge] = edges.count + 1
              node = edges.count
            }
          }
          guard gram < count else { throw .value("more n-grams than columns are listed") }
          guard grams.updateValue(gram, forKey: node) == nil else {
            throw .value("a \(size)-gram is listed twice")
          }
          gram += 1
        }
      }
    }

    func step(_ node: Int, _ token: Token) -> Int? { edges[Edge(node: node, token: token)] }
  }
}
