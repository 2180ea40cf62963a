internal import ApusIR

/// com.microsoft Tokenizer, which scikit-learn's text models are exported with.
enum Tokenizers {
  static func tokenize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let token = try attributes.text("tokenexp") ?? ""
    let separators = try attributes.texts("separators") ?? []
    guard token.isEmpty != separators.isEmpty else {
      throw .invalid("one of tokenexp and separators is required")
    }
    // A single empty separator stands between any two characters.
    let isCharacters = separators == [""]
    guard isCharacters || !separators.contains("") else {
      throw .invalid("a separator is empty", .attribute("separators"))
    }
    for (pattern, name) in [(token, "tokenexp")] + separators.map({ ($0, "separators") }) {
      do { _ = try RegularExpression(pattern) } catch {
        if case .unsupported = error { throw .unsupported("\(error)", .attribute(name)) }
        throw .invalid("\(error)", .attribute(name))
      }
    }
    let operation = StringTokenize(
      token: token, separators: isCharacters ? [] : separators,
      shortest: try attributes.integer("mincharnum", default: 1),
      padding: try attributes.text("pad_value") ?? "",
      isMarked: try attributes.flag("mark", default: false))
    return [try context.one(operation, try context.operand(0, "X"))]
  }
}
