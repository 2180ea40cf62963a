/// The words of the text format of protocol buffers.
struct TextTokenizer {
  enum Token: Hashable {
    /// A name, or a word that starts like one.
    case word(String)
    /// A number as it is written, without a sign: its first character is a digit or a point.
    case number(String)
    /// The bytes between quotes, escapes resolved.
    case text([UInt8])
    case symbol(Character)
    case end
  }

  private let bytes: [UInt8]
  private let file: String
  private var position = 0
  private(set) var line = 1
  /// The line of the token that `next` answered last.
  private(set) var tokenLine = 1

  init(_ text: String, file: String) {
    bytes = Array(text.utf8)
    self.file = file
    // A byte order mark, as some editors write.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  var location: String { "\(file):\(tokenLine)" }

  mutating func next() throws(ConfigError) -> Token {
    skipBlank()
    tokenLine = line
    guard position < bytes.count else { return .end }
    let first = bytes[position]
    if Self.startsWord(first) { return .word(take(while: Self.continuesWord)) }
    if Self.isDigit(first) || first == UInt8(ascii: ".") {
      return .number(takeNumber())
    }
    if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return .text(try quoted()) }
    if Self.symbols.contains(first) {
      position += 1
      return .symbol(Character(Unicode.Scalar(first)))
    }
    throw ConfigError("unexpected character \(Self.shown(first))", location: location)
  }

  private static let symbols = Set("{}<>[]:,;-/".utf8)

  private static func startsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func continuesWord(_ byte: UInt8) -> Bool { startsWord(byte) || isDigit(byte) }

  static func shown(_ byte: UInt8) -> String {
    byte > 0x20 && byte < 0x7F
      ? "'\(Character(Unicode.Scalar(byte)))'" : "0x" + String(byte, radix: 16, uppercase: true)
  }

  private mutating func skipBlank() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\n"):
        line += 1
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), 0x0B, 0x0C: position += 1
      case UInt8(ascii: "#"):
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      default: return
      }
    }
  }

  private mutating func take(while condition: (UInt8) -> Bool) -> String {
    let start = position
    while position < bytes.count, condition(bytes[position]) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func takeNumber() -> String {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      let isExponentSign =
        (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")) && position > start
        && bytes[position - 1] | 0x20 == UInt8(ascii: "e") && !startsHex(at: start)
      guard Self.continuesWord(byte) || byte == UInt8(ascii: ".") || isExponentSign else { break }
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private func startsHex(at start: Int) -> Bool {
    start + 1 < bytes.count && bytes[start] == UInt8(ascii: "0")
      && bytes[start + 1] | 0x20 == UInt8(ascii: "x")
  }

  private mutating func quoted() throws(ConfigError) -> [UInt8] {
    let quote = bytes[position]
    position += 1
    var content: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case quote: return content
      case UInt8(ascii: "\n"):
        throw ConfigError("a text in quotes does not end on its line", location: location)
      case UInt8(ascii: "\\"): try escape(into: &content)
      default: content.append(byte)
      }
    }
    throw ConfigError("a text in quotes does not end", location: location)
  }

  private mutating func escape(into content: inout [UInt8]) throws(ConfigError) {
    guard position < bytes.count else {
      throw ConfigError("a text in quotes does not end", location: location)
    }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "a"): content.append(0x07)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "v"): content.append(0x0B)
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "?"):
      content.append(byte)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      position -= 1
      let value = digits(radix: 8, atMost: 3) ?? 0
      guard value <= 0xFF else {
        throw ConfigError("an octal escape is at most \\377", location: location)
      }
      content.append(UInt8(value))
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      guard let value = digits(radix: 16, atMost: 2) else {
        throw ConfigError("\\x needs hexadecimal digits", location: location)
      }
      content.append(UInt8(truncatingIfNeeded: value))
    case UInt8(ascii: "u"): try scalar(digits: 4, into: &content)
    case UInt8(ascii: "U"): try scalar(digits: 8, into: &content)
    default:
      throw ConfigError(
        "unknown escape \\\(Self.shown(byte)) in a text", location: location,
        hint: "a backslash itself is written \\\\")
    }
  }

  private mutating func scalar(digits count: Int, into content: inout [UInt8]) throws(ConfigError) {
    let start = position
    guard let value = digits(radix: 16, atMost: count), position - start == count,
      let scalar = Unicode.Scalar(value)
    else {
      throw ConfigError("an escape names no character of Unicode", location: location)
    }
    content += Array(String(Character(scalar)).utf8)
  }

  private mutating func digits(radix: UInt32, atMost count: Int) -> UInt32? {
    var value: UInt32?
    for _ in 0..<count {
      guard position < bytes.count,
        let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue, digit < radix
      else { break }
      value = (value ?? 0) &* radix &+ UInt32(digit)
      position += 1
    }
    return value
  }
}
