/// A word of the textual form of graphs.
enum GraphToken: Hashable {
  case identifier(String)
  /// `%name` or `@name`. Numbers without quotes stand for values without a name.
  case label(sigil: Character, name: String, isNumber: Bool)
  /// Digits with sign, fraction and exponent.
  case number(String)
  case string(String)
  /// What stands between backquotes.
  case program(String)
  case punctuation(Character)
  case end
}

extension GraphToken: CustomStringConvertible {
  var description: String {
    switch self {
    case .identifier(let name), .number(let name): "'\(name)'"
    case .label(let sigil, let name, _): "'\(sigil)\(name)'"
    case .string(let text): GraphLexer.quoted(text)
    case .program: "a program"
    case .punctuation(let character): "'\(character)'"
    case .end: "the end of the text"
    }
  }
}

/// Cuts the textual form of graphs into words; `#` starts a comment.
struct GraphLexer {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// Line and column, from 1, of a byte.
  func place(of offset: Int) -> (line: Int, column: Int) {
    let before = bytes[..<min(offset, bytes.count)]
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return (line, before.count - start + 1)
  }

  func failure(_ reason: GraphSyntaxError.Reason, at offset: Int) -> GraphSyntaxError {
    let (line, column) = place(of: offset)
    return GraphSyntaxError(line: line, column: column, reason: reason)
  }

  mutating func skipSpaces() {
    while position < bytes.count {
      switch bytes[position] {
      case 9, 10, 13, 32: position += 1
      case UInt8(ascii: "#"):
        while position < bytes.count, bytes[position] != 10 { position += 1 }
      default: return
      }
    }
  }

  mutating func next() throws(GraphSyntaxError) -> GraphToken {
    skipSpaces()
    guard position < bytes.count else { return .end }
    let start = position
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "%"), UInt8(ascii: "@"):
      position += 1
      let sigil = Character(UnicodeScalar(byte))
      if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
        return .label(sigil: sigil, name: try string(), isNumber: false)
      }
      let name = run(Self.isLabelByte)
      guard !name.isEmpty else { throw failure(.expected("a name"), at: position) }
      return .label(sigil: sigil, name: name, isNumber: Self.isNumber(name))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "`"):
      position += 1
      let content = run { $0 != UInt8(ascii: "`") }
      guard position < bytes.count else {
        throw failure(.expected("a closing backquote"), at: start)
      }
      position += 1
      return .program(content)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      repeat { position += 1 } while position < bytes.count && continuesNumber()
      return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    default:
      if Self.isWordByte(byte) { return .identifier(run(Self.isWordByte)) }
      position += 1
      return .punctuation(Character(UnicodeScalar(byte)))
    }
  }

  private func continuesNumber() -> Bool {
    switch bytes[position] {
    case UInt8(ascii: "."): true
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      [UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[position - 1])
    case let byte: Self.isWordByte(byte)
    }
  }

  private mutating func run(_ belongs: (UInt8) -> Bool) -> String {
    let start = position
    while position < bytes.count, belongs(bytes[position]) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// The text of one list entry: up to a comma or a closing bracket outside of nested ones.
  mutating func entry() throws(GraphSyntaxError) -> String {
    skipSpaces()
    let start = position
    var depth = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: ","), UInt8(ascii: "]"):
        if depth <= 0 { return String(decoding: bytes[start..<position], as: UTF8.self) }
      case UInt8(ascii: "\""), UInt8(ascii: "'"): try skipQuotes(bytes[position])
      default: break
      }
      position += 1
    }
    throw failure(.expected("']'"), at: position)
  }

  /// Moves to the closing quote.
  private mutating func skipQuotes(_ quote: UInt8) throws(GraphSyntaxError) {
    let start = position
    position += 1
    while position < bytes.count, bytes[position] != quote {
      position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < bytes.count else { throw failure(.expected("a closing quote"), at: start) }
  }

  /// A text in double quotes.
  private mutating func string() throws(GraphSyntaxError) -> String {
    let start = position
    try skipQuotes(UInt8(ascii: "\""))
    let content = String(decoding: bytes[(start + 1)..<position], as: UTF8.self)
    position += 1
    guard let text = Self.unquoted(content) else {
      throw failure(.expected("a valid escape sequence"), at: start)
    }
    return text
  }
}

extension GraphLexer {
  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  static func isLabelByte(_ byte: UInt8) -> Bool {
    isWordByte(byte)
      || [UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-")].contains(byte)
  }

  static func isNumber(_ name: String) -> Bool {
    name.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// Whether a text is a word, so that it can stand without quotes.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, !isNumber(String(UnicodeScalar(first))) else { return false }
    return text.utf8.allSatisfy(isWordByte)
  }

  /// A text in double quotes with control characters escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      default:
        if scalar.value < 32 || scalar.value == 127 {
          result += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }

  /// Undoes the escapes of `quoted`; nil where one is malformed.
  static func unquoted(_ content: String) -> String? {
    var result = String.UnicodeScalarView()
    var rest = content.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      guard scalar == "\\" else {
        result.append(scalar)
        continue
      }
      switch rest.popFirst() {
      case "\"": result.append("\"")
      case "\\": result.append("\\")
      case "n": result.append("\n")
      case "u":
        guard rest.popFirst() == "{", let end = rest.firstIndex(of: "}"),
          let code = UInt32(String(rest[..<end]), radix: 16), let decoded = UnicodeScalar(code)
        else { return nil }
        result.append(decoded)
        rest = rest[rest.index(after: end)...]
      default: return nil
      }
    }
    return String(result)
  }
}
