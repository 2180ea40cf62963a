internal import ApusLoops
internal import ApusTensor

/// Values of weights and of operator fields.
extension GraphParser {
  mutating func literal(
    _ element: ElementType, _ shape: [Int]
  ) throws(GraphSyntaxError) -> HostTensor {
    if token == .identifier("splat") {
      try advance()
      let text: String
      switch token {
      case .number(let word), .identifier(let word): text = word
      case .string(let word): text = GraphLexer.quoted(word)
      default: throw unexpected("a value")
      }
      try advance()
      let one = try tensor(element, [], [text])
      do { return try HostTensor(splat: one, shape: shape) } catch {
        throw failure(.tensor(error))
      }
    }
    guard token == .punctuation("[") else { throw unexpected("'[' or 'splat'") }
    return try tensor(element, shape, try listEntries())
  }

  private func tensor(
    _ element: ElementType, _ shape: [Int], _ entries: [String]
  ) throws(GraphSyntaxError) -> HostTensor {
    func parse<Value>(_ convert: (String) -> Value?) throws(GraphSyntaxError) -> [Value] {
      var values: [Value] = []
      for entry in entries {
        guard let value = convert(entry) else {
          throw failure(.unexpected("'\(entry)'", expected: "an element of \(element.name)"))
        }
        values.append(value)
      }
      return values
    }
    let elements: Elements
    switch element.arithmetic {
    case .real:
      elements = .real(
        try parse { element == .float32 ? Float($0).map(Double.init) : Double($0) })
    case .signed: elements = .signed(try parse { Int64($0) })
    case .unsigned: elements = .unsigned(try parse { UInt64($0) })
    case .boolean: elements = .boolean(try parse { Bool($0) })
    case .text: elements = .text(try parse(Self.unquoted))
    case .complex: throw failure(.tensor(.unsupportedElement(element, operation: "parsing")))
    }
    do { return try HostTensor(element, shape: shape, elements) } catch {
      throw failure(.tensor(error))
    }
  }

  private static func unquoted(_ entry: String) -> String? {
    guard entry.utf8.count >= 2, entry.hasPrefix("\""), entry.hasSuffix("\"") else { return nil }
    return GraphLexer.unquoted(String(entry.unicodeScalars.dropFirst().dropLast()))
  }

  mutating func fields() throws(GraphSyntaxError) -> [(name: String, value: FieldValue)] {
    guard try take("{") else { return [] }
    var fields: [(name: String, value: FieldValue)] = []
    while token != .punctuation("}") {
      let name = try identifier("a field")
      try expect(":")
      fields.append((name, try fieldValue()))
      guard try take(",") else { break }
    }
    try expect("}")
    return fields
  }

  private mutating func fieldValue() throws(GraphSyntaxError) -> FieldValue {
    let value: FieldValue
    switch token {
    case .punctuation("["): return try listValue(try listEntries())
    case .punctuation("{"): return .named(try namedValues())
    case .identifier("texts"):
      try advance()
      guard token == .punctuation("[") else { throw unexpected("'['") }
      var texts: [String] = []
      for entry in try listEntries() {
        guard let text = Self.unquoted(entry) else {
          throw failure(.unexpected(entry, expected: "a text"))
        }
        texts.append(text)
      }
      return .texts(texts)
    case .number(let text):
      guard let number = Self.number(text) else { throw unexpected("a number") }
      value = number
    case .identifier("graph"): return .body(Body(try body()))
    case .identifier("type"):
      try advance()
      return .type(try valueType())
    case .identifier("operand"):
      try advance()
      guard case .number(let text) = token, let index = Int(text) else {
        throw unexpected("the position of an operand")
      }
      value = .operand(index)
    case .identifier("none"): value = .none
    case .identifier("true"): value = .flag(true)
    case .identifier("false"): value = .flag(false)
    case .identifier("nan"): value = .real(.nan)
    case .identifier("inf"): value = .real(.infinity)
    case .identifier(let word): value = ElementType(name: word).map { .element($0) } ?? .text(word)
    case .string(let text): value = .text(text)
    case .program(let text):
      do { value = .program(try Program(text: text)) } catch {
        throw failure(.program(error.description))
      }
    default: throw unexpected("a field's value")
    }
    try advance()
    return value
  }

  /// Values with names that are texts, inside braces.
  private mutating func namedValues() throws(GraphSyntaxError) -> [CustomAttributes.Entry] {
    try expect("{")
    var entries: [CustomAttributes.Entry] = []
    while token != .punctuation("}") {
      let name = try string("an attribute's name")
      try expect(":")
      guard token != .punctuation("{") else { throw unexpected("a value without names") }
      entries.append(.init(name, try fieldValue()))
      guard try take(",") else { break }
    }
    try expect("}")
    return entries
  }

  private static func number(_ text: String) -> FieldValue? {
    if let integer = Int(text) { return .integer(integer) }
    return Double(text).map { .real($0) }
  }

  /// A list of numbers or extents, by what its entries look like.
  private func listValue(_ entries: [String]) throws(GraphSyntaxError) -> FieldValue {
    let integers = entries.compactMap { Int($0) }
    if integers.count == entries.count { return .integers(integers) }
    let reals = entries.compactMap { Double($0) }
    if reals.count == entries.count { return .reals(reals) }
    var extents: [Extent] = []
    for entry in entries { extents.append(try extent(entry)) }
    return .extents(extents)
  }
}
