/// Reads messages in text format, led by their definitions.
struct TextParser {
  private typealias Token = TextTokenizer.Token

  private var tokenizer: TextTokenizer
  private var token = Token.end
  /// Of `token`.
  private var location = ""

  init(_ text: String, file: String) { tokenizer = TextTokenizer(text, file: file) }

  /// Reads the whole text as the fields of `message`.
  mutating func document(_ message: MessageBuilder) throws(ConfigError) -> MessageBuilder {
    var message = message
    try advance()
    while token != .end { try field(of: &message) }
    return message
  }

  private mutating func advance() throws(ConfigError) {
    token = try tokenizer.next()
    location = tokenizer.location
  }

  private mutating func accept(_ symbol: Character) throws(ConfigError) -> Bool {
    guard token == .symbol(symbol) else { return false }
    try advance()
    return true
  }

  // MARK: Fields

  private mutating func field(of message: inout MessageBuilder) throws(ConfigError) {
    guard case .word(let name) = token else { throw noField(in: message) }
    let start = location
    guard let field = message.schema.field(named: name) else {
      throw message.unknownField(name, location: start)
    }
    try advance()
    let hasColon = try accept(":")
    if token == .symbol("["), field.cardinality != .one {
      try list(field, of: &message, hasColon: hasColon)
    } else {
      try value(field, of: &message, hasColon: hasColon, start: start)
    }
    if try !accept(",") { _ = try accept(";") }
  }

  private mutating func list(
    _ field: FieldSchema, of message: inout MessageBuilder, hasColon: Bool
  ) throws(ConfigError) {
    try advance()
    if try accept("]") { return }
    while true {
      try value(field, of: &message, hasColon: hasColon, start: location)
      if try accept("]") { return }
      guard try accept(",") else {
        throw ConfigError(
          "a list goes on with ',' or ends with ']', found \(shown)",
          field: message.path(of: field.name), location: location)
      }
    }
  }

  private mutating func value(
    _ field: FieldSchema, of message: inout MessageBuilder, hasColon: Bool, start: String
  ) throws(ConfigError) {
    let path = message.path(ofNext: field)
    if case .message(let type) = field.kind {
      let nested = try message.nested(type, in: field, location: start)
      try message.begin(field, location: start)
      message.append(try self.message(nested, start: start), to: field)
      return
    }
    guard hasColon else {
      throw ConfigError(
        "':' is missing after the field's name, found \(shown)", field: path, location: location)
    }
    let value = try scalar(field, of: message, path: path)
    try message.begin(field, location: start)
    message.append(value, to: field)
  }

  private mutating func message(
    _ message: MessageBuilder, start: String
  ) throws(ConfigError) -> MessageBuilder {
    let close: Character
    if try accept("{") {
      close = "}"
    } else if try accept("<") {
      close = ">"
    } else {
      throw ConfigError("expected '{', found \(shown)", field: message.path, location: location)
    }
    var message = message
    while true {
      if try accept(close) { return message }
      if token == .end {
        throw ConfigError(
          "the '\(close)' of what begins at \(start) is missing", field: message.path,
          location: location)
      }
      try field(of: &message)
    }
  }

  private func noField(in message: MessageBuilder) -> ConfigError {
    if token == .symbol("[") {
      return ConfigError(
        "extensions are not supported", field: message.path, location: location)
    }
    if case .symbol(let symbol) = token, symbol == "}" || symbol == ">" {
      return ConfigError("unexpected '\(symbol)'", field: message.path, location: location)
    }
    return ConfigError(
      "expected a field's name, found \(shown)", field: message.path, location: location)
  }

  private var shown: String {
    switch token {
    case .word(let word): "'\(word.prefix(40))'"
    case .number(let number): "the number \(number.prefix(40))"
    case .text(let text): "the text \"\(String(decoding: text.prefix(40), as: UTF8.self))\""
    case .symbol(let symbol): "'\(symbol)'"
    case .end: "the end of the file"
    }
  }

  // MARK: Values

  private mutating func scalar(
    _ field: FieldSchema, of message: MessageBuilder, path: String
  ) throws(ConfigError) -> ScalarValue {
    let isNegative = try accept("-")
    let found = (isNegative ? "-" : "") + shown
    func wrong(_ hint: String? = nil) -> ConfigError {
      ConfigError(
        "expected \(field.expectation), found \(found)", field: path, location: location, hint: hint
      )
    }
    var value: ScalarValue?
    switch (token, field.kind) {
    case (.text, .string), (.text, .bytes):
      guard !isNegative else { throw wrong() }
      return try text(path: path)
    case (.text, .message): throw wrong()
    case (.text, _): throw wrong("leave the quotes out")
    case (.word, .string), (.number, .string): throw wrong("put it in quotes")
    case (.word(let word), _):
      value = try self.value(word, isNegative: isNegative, field, of: message)
    case (.number(let digits), _):
      value = try self.value(digits: digits, isNegative: isNegative, field, path: path)
    default: break
    }
    guard let value else { throw wrong() }
    try advance()
    return value
  }

  /// What a word means for a field; nil where it means nothing.
  private func value(
    _ word: String, isNegative: Bool, _ field: FieldSchema, of message: MessageBuilder
  ) throws(ConfigError) -> ScalarValue? {
    switch field.kind {
    case .bool where !isNegative:
      switch word {
      case "true", "True", "t": return .bool(true)
      case "false", "False", "f": return .bool(false)
      default: return nil
      }
    case .enumeration(let type):
      let value = try message.enumValue(word, of: type, in: field, location: location)
      return isNegative ? nil : value
    case .float, .double:
      switch word.lowercased() {
      case "inf", "infinity": return real(isNegative ? -.infinity : .infinity, field)
      case "nan": return real(.nan, field)
      default: return nil
      }
    default: return nil
    }
  }

  /// What a number means for a field; nil where it means nothing.
  private func value(
    digits: String, isNegative: Bool, _ field: FieldSchema, path: String
  ) throws(ConfigError) -> ScalarValue? {
    switch field.kind {
    case .bool where !isNegative && (digits == "0" || digits == "1"): return .bool(digits == "1")
    case .enumeration(let type):
      guard let magnitude = TextNumber.integer(digits), !isNegative,
        let number = Int32(exactly: magnitude), type.name(of: number) != nil
      else { return nil }
      return .signed(Int64(number))
    case .int32, .int64, .uint32, .uint64:
      guard let magnitude = TextNumber.integer(digits) else { return nil }
      return try integer(magnitude, isNegative: isNegative, field, path: path)
    case .float, .double:
      return TextNumber.real(digits).map { real(isNegative ? -$0 : $0, field) }
    default: return nil
    }
  }

  private func real(_ number: Double, _ field: FieldSchema) -> ScalarValue {
    if case .float = field.kind { .float(Float(number)) } else { .double(number) }
  }

  private func integer(
    _ magnitude: UInt64, isNegative: Bool, _ field: FieldSchema, path: String
  ) throws(ConfigError) -> ScalarValue {
    guard
      let value = FieldRange.integer(magnitude, isNegative: isNegative, kind: field.kind)
    else {
      throw ConfigError(
        "\(isNegative ? "-" : "")\(magnitude) is out of range, which is "
          + FieldRange.description(field.kind), field: path, location: location)
    }
    return value
  }

  /// Texts that follow each other are one.
  private mutating func text(path: String) throws(ConfigError) -> ScalarValue {
    var bytes: [UInt8] = []
    let start = location
    while case .text(let part) = token {
      bytes += part
      try advance()
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw ConfigError("the text is not UTF-8", field: path, location: start)
    }
    return .text(bytes)
  }
}
