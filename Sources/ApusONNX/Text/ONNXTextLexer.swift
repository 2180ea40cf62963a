/// Why a text is no model in ONNX text syntax, and where.
struct ONNXTextError: Error, Hashable, CustomStringConvertible {
  var reason: String
  var line: Int
  var column: Int

  var description: String { "line \(line), column \(column): \(reason)" }
}

/// The characters of a text in ONNX text syntax: identifiers, literals and punctuation, with `#`
/// comments to the end of the line. Offsets never leave the text.
struct ONNXTextLexer {
  private let bytes: [UInt8]
  private var position = 0

  enum Literal {
    case integer(String)
    case real(String)
    case text(String)
  }

  init(_ text: String) { bytes = Array(text.utf8) }

  func error(_ reason: String) -> ONNXTextError {
    var line = 1
    var column = 1
    for byte in bytes.prefix(position) {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return ONNXTextError(reason: reason, line: line, column: column)
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current {
      if byte == UInt8(ascii: "#") {
        while let byte = current, byte != 0x0A { position += 1 }
      } else if byte == 0x20 || (0x09...0x0D).contains(byte) {
        position += 1
      } else {
        return
      }
    }
  }

  /// The next character that is no space; nil at the end.
  mutating func peek() -> Character? {
    skipSpace()
    return current.map { Character(Unicode.Scalar($0)) }
  }

  /// Takes a character if it is the next one.
  mutating func take(_ character: Character) -> Bool {
    guard peek() == character else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Character) throws(ONNXTextError) {
    guard take(character) else { throw error("expected '\(character)', found \(found())") }
  }

  /// The arrow between inputs and outputs.
  mutating func expectArrow() throws(ONNXTextError) {
    try expect("=")
    guard current == UInt8(ascii: ">") else { throw error("expected '=>'") }
    position += 1
  }

  /// What messages call the next character.
  mutating func found() -> String {
    guard let next = peek() else { return "the end" }
    return "'\(next)'"
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// An identifier; empty where none stands here.
  mutating func optionalIdentifier() -> String {
    skipSpace()
    let start = position
    guard let first = current, Self.isLetter(first) || first == UInt8(ascii: "_") else { return "" }
    while let byte = current,
      Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: "_")
    {
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func identifier() throws(ONNXTextError) -> String {
    let name = optionalIdentifier()
    guard !name.isEmpty else { throw error("expected a name, found \(found())") }
    return name
  }

  /// A name, which may stand in quotes.
  mutating func name() throws(ONNXTextError) -> String {
    peek() == "\"" ? try text() : try identifier()
  }

  mutating func peekIdentifier() -> String {
    let start = position
    defer { position = start }
    return optionalIdentifier()
  }

  /// A text in quotes; a backslash keeps the character behind it.
  mutating func text() throws(ONNXTextError) -> String {
    try expect("\"")
    var content: [UInt8] = []
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let next = current else { break }
        content.append(next)
        position += 1
      default: content.append(byte)
      }
    }
    throw error("the text does not end")
  }

  /// Whether a number by name stands here: `inf`, `infinity` or `nan` in any case.
  mutating func peekNamedNumber() -> Bool {
    ["inf", "infinity", "nan"].contains(peekIdentifier().lowercased())
  }

  mutating func literal() throws(ONNXTextError) -> Literal {
    if peek() == "\"" { return .text(try text()) }
    let sign = take("-") ? "-" : ""
    if peekNamedNumber() { return .real(sign + optionalIdentifier().lowercased()) }
    skipSpace()
    let start = position
    var isReal = false
    while let byte = current {
      if byte == UInt8(ascii: "."), !isReal {
        isReal = true
      } else if !Self.isDigit(byte) {
        break
      }
      position += 1
    }
    guard position > start, Self.isDigit(bytes[start]) else {
      throw error("expected a value, found \(found())")
    }
    if let byte = current, byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      isReal = true
      position += 1
      if let sign = current, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        position += 1
      }
      while let byte = current, Self.isDigit(byte) { position += 1 }
    }
    let digits = sign + String(decoding: bytes[start..<position], as: UTF8.self)
    return isReal ? .real(digits) : .integer(digits)
  }

  mutating func signed() throws(ONNXTextError) -> Int64 {
    guard case .integer(let digits) = try literal(), let value = Int64(digits) else {
      throw error("expected a 64-bit integer")
    }
    return value
  }

  mutating func unsigned() throws(ONNXTextError) -> UInt64 {
    guard case .integer(let digits) = try literal(), let value = UInt64(digits) else {
      throw error("expected an integer of at most 64 bits without sign")
    }
    return value
  }

  mutating func real() throws(ONNXTextError) -> Double {
    switch try literal() {
    case .integer(let digits), .real(let digits): return try real(digits)
    case .text: throw error("expected a number, found a text")
    }
  }

  func real(_ digits: String) throws(ONNXTextError) -> Double {
    guard let value = Double(digits.hasSuffix(".") ? digits + "0" : digits) else {
      throw error("'\(digits)' is no number")
    }
    return value
  }
}
