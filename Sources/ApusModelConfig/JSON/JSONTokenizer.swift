/// The words of JSON (RFC 8259).
struct JSONTokenizer {
  enum Token: Hashable {
    case symbol(Character)
    case text(String)
    /// As it is written, its form checked.
    case number(String)
    /// `true`, `false` or `null`.
    case word(String)
    case end
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var lineStart = 0
  private var tokenLine = 1
  private var tokenColumn = 1

  init(_ text: String) { bytes = Array(text.utf8) }

  /// Of the token that `next` answered last.
  var location: String { "line \(tokenLine), column \(tokenColumn)" }

  mutating func next() throws(ConfigError) -> Token {
    skipBlank()
    tokenLine = line
    tokenColumn = position - lineStart + 1
    guard position < bytes.count else { return .end }
    let first = bytes[position]
    switch first {
    case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"),
      UInt8(ascii: ":"), UInt8(ascii: ","):
      position += 1
      return .symbol(Character(Unicode.Scalar(first)))
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      let start = position
      while position < bytes.count, bytes[position] >= UInt8(ascii: "a"),
        bytes[position] <= UInt8(ascii: "z")
      {
        position += 1
      }
      let word = String(decoding: bytes[start..<position], as: UTF8.self)
      guard ["true", "false", "null"].contains(word) else {
        throw unexpected("'\(word.prefix(40))'")
      }
      return .word(word)
    default: throw unexpected(TextTokenizer.shown(first))
    }
  }

  private func unexpected(_ what: String) -> ConfigError {
    ConfigError("invalid JSON: unexpected \(what)", location: location)
  }

  private mutating func skipBlank() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"):
        position += 1
        line += 1
        lineStart = position
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      default: return
      }
    }
  }

  // MARK: Numbers

  private mutating func number() throws(ConfigError) -> String {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func digits() throws(ConfigError) {
    let start = position
    while position < bytes.count, bytes[position] >= UInt8(ascii: "0"),
      bytes[position] <= UInt8(ascii: "9")
    {
      position += 1
    }
    if position == start {
      throw ConfigError("invalid JSON: a number lacks digits", location: location)
    }
  }

  // MARK: Texts

  private mutating func text() throws(ConfigError) -> String {
    position += 1
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw ConfigError("invalid JSON: a text is not UTF-8", location: location)
        }
        return text
      case UInt8(ascii: "\\"): try escape(into: &content)
      case 0..<0x20:
        throw ConfigError("invalid JSON: a control character in a text", location: location)
      default: content.append(byte)
      }
    }
    throw ConfigError("invalid JSON: a text does not end", location: location)
  }

  private mutating func escape(into content: inout [UInt8]) throws(ConfigError) {
    let byte = position < bytes.count ? bytes[position] : 0
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = scalar() else {
        throw ConfigError("invalid JSON: a \\u escape names no character", location: location)
      }
      content += Array(String(Character(scalar)).utf8)
    default: throw ConfigError("invalid JSON: an unknown escape in a text", location: location)
    }
  }

  /// The character of one escape, or of a pair that UTF-16 makes.
  private mutating func scalar() -> Unicode.Scalar? {
    guard let high = unit() else { return nil }
    guard high & 0xFC00 == 0xD800 else { return Unicode.Scalar(high) }
    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")), let low = unit(),
      low & 0xFC00 == 0xDC00
    else { return nil }
    return Unicode.Scalar(0x10000 + (high & 0x3FF) << 10 + low & 0x3FF)
  }

  private mutating func unit() -> UInt32? {
    guard bytes.count - position >= 4 else { return nil }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else { return nil }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
