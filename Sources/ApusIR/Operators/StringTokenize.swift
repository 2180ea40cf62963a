package import ApusTensor

/// Cuts strings into tokens by regular expressions of RE2's syntax.
///
/// Operand `input`: strings; the result has one more dimension, as long as the longest list of tokens,
/// and filled up with `padding`. Tokens are what `token` matches; where that is empty, what is left
/// between matches of the `separators`, and without these the single characters. Tokens of fewer than
/// `shortest` characters fall away. `isMarked` puts U+0002 before and U+0003 behind each list and its
/// padding. Source: com.microsoft Tokenizer-1.
package struct StringTokenize: MeasuredOperator {
  package static let name = "string_tokenize"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] {
    [
      Field("token", \.token), Field("separators", \.separators), Field("shortest", \.shortest),
      Field("padding", \.padding), Field("isMarked", \.isMarked),
    ]
  }

  package var token = ""
  package var separators: [String] = []
  package var shortest = 1
  package var padding = ""
  package var isMarked = false

  package init() {}
  package init(
    token: String, separators: [String], shortest: Int, padding: String, isMarked: Bool
  ) {
    self.token = token
    self.separators = separators
    self.shortest = shortest
    self.padding = padding
    self.isMarked = isMarked
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, element: [.string])
    guard let extents = input.type.extents else { return [.unknown(.string)] }
    return [Fact(.string, extents + [.unknown])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let pattern = try token.isEmpty ? nil : compiled(token)
    var cuts: [RegularExpression] = []
    for separator in separators { cuts.append(try compiled(separator)) }
    var lists: [[String]] = []
    for text in try input.decodedTexts() {
      let scalars = text.unicodeScalars.map(\.value)
      let parts: [ArraySlice<UInt32>]
      if let pattern {
        parts = Self.matches(of: pattern, in: scalars).map { scalars[$0] }
      } else if cuts.isEmpty {
        parts = scalars.indices.map { scalars[$0...$0] }
      } else {
        parts = Self.pieces(scalars, cuts)
      }
      lists.append(parts.filter { !$0.isEmpty && $0.count >= shortest }.map(Self.text))
    }
    let most = lists.map(\.count).max() ?? 0
    let width = most > 0 && isMarked ? most + 2 : most
    let shape = input.shape + [width]
    let total = Array.product(shape) ?? .max
    try context.require(total, of: 2 * MemoryLayout<String>.stride)
    var texts: [String] = []
    texts.reserveCapacity(total)
    for list in lists where width > 0 {
      if isMarked { texts.append("\u{2}") }
      texts += list
      for _ in list.count..<most { texts.append(padding) }
      if isMarked { texts.append("\u{3}") }
    }
    return [try .make(texts: texts, shape: shape)]
  }

  private func compiled(_ pattern: String) throws(EvaluationError) -> RegularExpression {
    do { return try RegularExpression(pattern) } catch {
      if case .unsupported = error { throw .unsupported("\(error)") }
      throw .value("\(error)")
    }
  }

  private static func matches(
    of pattern: RegularExpression, in text: [UInt32]
  ) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var place = 0
    while place <= text.count, let range = pattern.firstMatch(in: text, from: place) {
      ranges.append(range)
      // A match of nothing would be found again.
      place = range.isEmpty ? range.upperBound + 1 : range.upperBound
    }
    return ranges
  }

  /// What the separators leave, each cutting what those before it left.
  private static func pieces(
    _ text: [UInt32], _ separators: [RegularExpression]
  ) -> [ArraySlice<UInt32>] {
    var pieces = [text[...]]
    for separator in separators {
      var next: [ArraySlice<UInt32>] = []
      for piece in pieces {
        let scalars = Array(piece)
        var start = 0
        for range in matches(of: separator, in: scalars) where !range.isEmpty {
          next.append(scalars[start..<range.lowerBound])
          start = range.upperBound
        }
        next.append(scalars[start...])
      }
      pieces = next
    }
    return pieces
  }

  private static func text(_ scalars: ArraySlice<UInt32>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars.compactMap(Unicode.Scalar.init))
    return String(view)
  }
}
