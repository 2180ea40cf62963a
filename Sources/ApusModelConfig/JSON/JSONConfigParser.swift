/// Reads messages in the JSON mapping of protocol buffers, led by their definitions.
struct JSONConfigParser {
  private var tokenizer: JSONTokenizer
  private var token = JSONTokenizer.Token.end

  init(_ text: String) { tokenizer = JSONTokenizer(text) }

  private var location: String { tokenizer.location }

  /// Reads the whole text as `message`.
  mutating func document(_ message: MessageBuilder) throws(ConfigError) -> MessageBuilder {
    try advance()
    let result = try object(message)
    guard token == .end else {
      throw ConfigError("invalid JSON: \(shown) after the end of the object", location: location)
    }
    return result
  }

  private mutating func advance() throws(ConfigError) { token = try tokenizer.next() }

  private mutating func accept(_ symbol: Character) throws(ConfigError) -> Bool {
    guard token == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  private mutating func expect(_ symbol: Character, in path: String) throws(ConfigError) {
    guard try accept(symbol) else {
      throw ConfigError("expected '\(symbol)', found \(shown)", field: path, location: location)
    }
  }

  private var shown: String {
    switch token {
    case .symbol(let symbol): "'\(symbol)'"
    case .text(let text): "the text \"\(text.prefix(40))\""
    case .number(let number): "the number \(number.prefix(40))"
    case .word(let word): word
    case .end: "the end"
    }
  }

  private mutating func key(in path: String) throws(ConfigError) -> String {
    guard case .text(let name) = token else {
      throw ConfigError(
        "expected a field's name in quotes, found \(shown)", field: path, location: location)
    }
    try advance()
    try expect(":", in: path)
    return name
  }

  // MARK: Messages

  private mutating func object(_ message: MessageBuilder) throws(ConfigError) -> MessageBuilder {
    try expect("{", in: message.path)
    var message = message
    if try accept("}") { return message }
    while true {
      let start = location
      let name = try key(in: message.path)
      guard let field = message.schema.field(jsonNamed: name) else {
        throw message.unknownField(name, location: start)
      }
      try value(of: field, in: &message, start: start)
      if try accept("}") { return message }
      try expect(",", in: message.path)
    }
  }

  private mutating func value(
    of field: FieldSchema, in message: inout MessageBuilder, start: String
  ) throws(ConfigError) {
    // Null stands for a field that is not there.
    if token == .word("null") { return try advance() }
    switch field.cardinality {
    case .one: try element(of: field, in: &message, start: start)
    case .many:
      try expect("[", in: message.path(of: field.name))
      if try accept("]") { return }
      repeat { try element(of: field, in: &message, start: location) } while try accept(",")
      try expect("]", in: message.path(of: field.name))
    case .map:
      try expect("{", in: message.path(of: field.name))
      if try accept("}") { return }
      repeat { try entry(of: field, in: &message) } while try accept(",")
      try expect("}", in: message.path(of: field.name))
    }
  }

  private mutating func element(
    of field: FieldSchema, in message: inout MessageBuilder, start: String
  ) throws(ConfigError) {
    if case .message(let type) = field.kind {
      let nested = try message.nested(type, in: field, location: start)
      try message.begin(field, location: start)
      message.append(try object(nested), to: field)
    } else {
      let value = try scalar(field, of: message)
      try message.begin(field, location: start)
      message.append(value, to: field)
    }
  }

  private mutating func entry(
    of field: FieldSchema, in message: inout MessageBuilder
  ) throws(ConfigError) {
    let start = location
    guard case .message(let type) = field.kind else { return }
    var entry = try message.nested(type, in: field, location: start)
    guard let key = entry.schema.field(number: 1), let content = entry.schema.field(number: 2)
    else {
      return
    }
    try message.begin(field, location: start)
    let name = try self.key(in: message.path(of: field.name))
    if case .string = key.kind {
      entry.append(.text(Array(name.utf8)), to: key)
    } else {
      guard let number = UInt64(name),
        let value = FieldRange.integer(number, isNegative: false, kind: key.kind)
      else {
        throw ConfigError(
          "'\(name.prefix(40))' is not \(key.expectation)", field: message.path(of: field.name),
          location: start)
      }
      entry.append(value, to: key)
    }
    try value(of: content, in: &entry, start: location)
    message.append(entry, to: field)
  }

  // MARK: Scalars

  private mutating func scalar(
    _ field: FieldSchema, of message: MessageBuilder
  ) throws(ConfigError) -> ScalarValue {
    let path = message.path(ofNext: field)
    let wrong = ConfigError(
      "expected \(field.expectation), found \(shown)", field: path, location: location)
    let value: ScalarValue
    switch (field.kind, token) {
    case (.bool, .word(let word)): value = .bool(word == "true")
    case (.string, .text(let text)): value = .text(Array(text.utf8))
    case (.bytes, .text(let text)):
      guard let bytes = Base64.decode(text) else { throw wrong }
      value = .text(bytes)
    case (.enumeration(let type), .text(let name)):
      let known = type.number(of: name) == nil ? name.uppercased() : name
      value = try message.enumValue(known, of: type, in: field, location: location)
    case (.enumeration(let type), .number(let digits)):
      guard let number = Int32(digits), type.name(of: number) != nil else { throw wrong }
      value = .signed(Int64(number))
    case (.int32, .number(let digits)), (.int64, .number(let digits)),
      (.uint32, .number(let digits)), (.uint64, .number(let digits)),
      // 64-bit integers are texts in the JSON mapping, and numbers in Triton's.
      (.int32, .text(let digits)), (.int64, .text(let digits)), (.uint32, .text(let digits)),
      (.uint64, .text(let digits)):
      value = try integer(digits, field, path: path, wrong)
    case (.float, .number(let digits)), (.double, .number(let digits)):
      guard let number = Double(digits) else { throw wrong }
      value = real(number, field)
    case (.float, .text(let name)), (.double, .text(let name)):
      switch name {
      case "NaN": value = real(.nan, field)
      case "Infinity": value = real(.infinity, field)
      case "-Infinity": value = real(-.infinity, field)
      default:
        guard let number = Double(name) else { throw wrong }
        value = real(number, field)
      }
    default: throw wrong
    }
    try advance()
    return value
  }

  private func real(_ number: Double, _ field: FieldSchema) -> ScalarValue {
    if case .float = field.kind { .float(Float(number)) } else { .double(number) }
  }

  private func integer(
    _ digits: String, _ field: FieldSchema, path: String, _ wrong: ConfigError
  ) throws(ConfigError) -> ScalarValue {
    let isNegative = digits.hasPrefix("-")
    var magnitude = UInt64(isNegative ? digits.dropFirst() : Substring(digits))
    if magnitude == nil, let number = Double(digits), number.rounded() == number {
      // 1e3 and 2.0 are whole numbers as well.
      magnitude = UInt64(exactly: number.magnitude)
    }
    guard let magnitude else { throw wrong }
    guard let value = FieldRange.integer(magnitude, isNegative: isNegative, kind: field.kind) else {
      throw ConfigError(
        "\(digits.prefix(40)) is out of range, which is \(FieldRange.description(field.kind))",
        field: path, location: location)
    }
    return value
  }
}
