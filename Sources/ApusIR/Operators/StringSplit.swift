package import ApusTensor

/// Cuts strings into parts.
///
/// Operand `input`: strings. Results: the parts, in one more dimension that is as long as the longest
/// list and filled up with empty strings, and the number of parts of each string (int64).
/// `delimiter` separates parts; an empty one stands for runs of white space, and then white space
/// at both ends is dropped. After `limit` cuts the rest is one part. Source: ONNX StringSplit-20.
package struct StringSplit: MeasuredOperator {
  package static let name = "string_split"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] {
    [Field("delimiter", \.delimiter), Field("limit", \.limit)]
  }

  package var delimiter = ""
  package var limit: Int?

  package init() {}
  package init(delimiter: String, limit: Int?) {
    self.delimiter = delimiter
    self.limit = limit
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, element: [.string])
    if let limit, limit < 0 {
      throw .invalid(field: "limit", reason: "\(limit) is negative")
    }
    let counts = Fact(TensorType(.int64, input.shape))
    guard let extents = input.type.extents else { return [.unknown(.string), counts] }
    return [Fact(.string, extents + [.unknown]), counts]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType], _ context: EvaluationContext
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    let parts = try input.decodedTexts().map(parts)
    let width = parts.map(\.count).max() ?? 0
    let shape = input.shape + [width]
    let total = Array.product(shape) ?? .max
    try context.require(total, of: 2 * MemoryLayout<String>.stride)
    var texts: [String] = []
    texts.reserveCapacity(total)
    for list in parts {
      texts += list
      for _ in list.count..<width { texts.append("") }
    }
    return [
      try .make(texts: texts, shape: shape),
      try .make(.int64, input.shape, .signed(parts.map { Int64($0.count) })),
    ]
  }

  private func parts(of text: String) -> [String] {
    let limit = self.limit ?? Int.max
    return delimiter.isEmpty
      ? Self.words(Array(text.unicodeScalars), limit: limit)
      : Self.pieces(Array(text.utf8), between: Array(delimiter.utf8), limit: limit)
  }

  private static func words(_ scalars: [Unicode.Scalar], limit: Int) -> [String] {
    func isSpace(_ index: Int) -> Bool { scalars[index].properties.isWhitespace }
    var end = scalars.count
    while end > 0, isSpace(end - 1) { end -= 1 }
    var position = 0
    var words: [String] = []
    while true {
      while position < end, isSpace(position) { position += 1 }
      guard position < end else { return words }
      let start = position
      if words.count == limit {
        position = end
      } else {
        while position < end, !isSpace(position) { position += 1 }
      }
      var word = String.UnicodeScalarView()
      word.append(contentsOf: scalars[start..<position])
      words.append(String(word))
    }
  }

  private static func pieces(
    _ bytes: [UInt8], between delimiter: [UInt8], limit: Int
  ) -> [String] {
    var pieces: [String] = []
    var start = 0
    var position = 0
    while pieces.count < limit, position + delimiter.count <= bytes.count {
      if bytes[position] == delimiter[0],
        bytes[position..<(position + delimiter.count)].elementsEqual(delimiter)
      {
        pieces.append(String(decoding: bytes[start..<position], as: UTF8.self))
        position += delimiter.count
        start = position
      } else {
        position += 1
      }
    }
    pieces.append(String(decoding: bytes[start...], as: UTF8.self))
    return pieces
  }
}
