package import ApusTensor

/// How letters are changed.
package enum LetterCase: String, FieldKind, CaseIterable {
  case unchanged, lower, upper
}

/// Removes words from a list of strings and changes the case of the rest.
///
/// Operand `input`: strings of shape [n] or [1, n]; the result keeps the rank. Where nothing is left
/// it holds one empty string. Case follows Unicode's default mappings, whatever the locale.
/// Source: ONNX StringNormalizer-10.
package struct StringNormalize: Operator {
  package static let name = "string_normalize"
  package static let operandNames = ["input"]
  package static var fields: [Field<Self>] {
    [
      Field("letterCase", \.letterCase), Field("removed", \.removed),
      Field("matchesCase", \.matchesCase),
    ]
  }

  package var letterCase = LetterCase.unchanged
  /// The words to remove.
  package var removed: [String] = []
  /// Whether a word must have the case of the removed one.
  package var matchesCase = false

  package init() {}
  package init(letterCase: LetterCase, removed: [String], matchesCase: Bool) {
    self.letterCase = letterCase
    self.removed = removed
    self.matchesCase = matchesCase
  }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    let input = try operands.require(0, element: [.string])
    guard let extents = input.type.extents else { return [.unknown(.string)] }
    guard extents.count == 1 || extents.count == 2 else {
      throw .rank(operand: "input", found: extents.count, expected: "1 or 2")
    }
    if extents.count == 2, let rows = extents[0].fixed, rows != 1 {
      throw .extents(operand: "input", found: extents[0], expected: 1)
    }
    let last: Extent = removed.isEmpty ? .maximum(extents[extents.count - 1], 1) : .unknown
    return [Fact(.string, extents.count == 1 ? [last] : [1, last])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let input = try operands.tensor(0)
    guard input.rank == 1 || input.rank == 2 && input.shape[0] == 1 else {
      throw .value("the input has shape \(input.shape), expected [n] or [1, n]")
    }
    let excluded = Set(removed.map { ByteText(matchesCase ? $0 : $0.lowercased()) })
    var words = try input.decodedTexts().filter {
      excluded.isEmpty || !excluded.contains(ByteText(matchesCase ? $0 : $0.lowercased()))
    }
    switch letterCase {
    case .unchanged: break
    case .lower: words = words.map { $0.lowercased() }
    case .upper: words = words.map { $0.uppercased() }
    }
    if words.isEmpty { words = [""] }
    return [
      try .make(texts: words, shape: input.rank == 1 ? [words.count] : [1, words.count])
    ]
  }
}
