extension Extent {
  /// Parses what `description` prints: integers, names, `+`, `-`, `*`, `//`, `floordiv(,)`, `min(,)`,
  /// `max(,)`, `broadcast(,)` and parentheses. Names with other characters stand in single quotes.
  package init(parsing text: String) throws(ExtentSyntaxError) {
    var parser = ExtentParser(text)
    self = try parser.parse()
  }

  /// The extent that a model's dimension name means: an expression such as
  /// `past_sequence + sequence`, or one symbol where the name is none.
  package init(dimensionName name: String) {
    if !ExtentParser.joinsWithHyphen(name), let extent = try? Extent(parsing: name),
      !extent.symbols.isEmpty
    {
      self = extent
    } else {
      self = .symbol(name)
    }
  }
}

/// Why a text is no extent; the offset counts bytes.
package enum ExtentSyntaxError: Error, Hashable, Sendable {
  case unexpected(String, offset: Int)
  case tooLarge
  case tooDeep(offset: Int)
}

extension ExtentSyntaxError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unexpected(let reason, let offset): "\(reason) at byte \(offset)"
    case .tooLarge: "the expression is too large"
    case .tooDeep(let offset): "the expression is nested too deeply at byte \(offset)"
    }
  }
}

struct ExtentParser {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// Whether a hyphen without spaces joins two words, as in `batch-size`.
  static func joinsWithHyphen(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return bytes.indices.contains { index in
      bytes[index] == UInt8(ascii: "-") && index > 0 && index + 1 < bytes.count
        && isNameByte(bytes[index - 1]) && isNameByte(bytes[index + 1])
    }
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// A symbol as extents print it: in quotes unless it is a plain name that reads as no number.
  static func quoted(_ name: String) -> String {
    if let first = name.utf8.first, !isDigit(first), first != UInt8(ascii: "."),
      name.utf8.allSatisfy(isNameByte), Double(name) == nil
    {
      return name
    }
    var text = "'"
    for character in name.unicodeScalars {
      if character == "'" || character == "\\" { text += "\\" }
      text.unicodeScalars.append(character)
    }
    return text + "'"
  }

  mutating func parse() throws(ExtentSyntaxError) -> Extent {
    let extent = try sum(depth: Extent.depthLimit)
    skipSpaces()
    guard position == bytes.count else {
      throw .unexpected("unexpected character", offset: position)
    }
    guard !extent.isOverflow else { throw .tooLarge }
    return extent
  }

  private mutating func skipSpaces() {
    while position < bytes.count, [9, 10, 13, 32].contains(bytes[position]) { position += 1 }
  }

  /// Consumes a word if it comes next.
  private mutating func take(_ word: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func expect(_ word: String) throws(ExtentSyntaxError) {
    guard take(word) else { throw .unexpected("expected '\(word)'", offset: position) }
  }

  private mutating func sum(depth: Int) throws(ExtentSyntaxError) -> Extent {
    guard depth > 0 else { throw .tooDeep(offset: position) }
    var result = try product(depth: depth)
    while true {
      if take("+") {
        result = result + (try product(depth: depth))
      } else if take("-") {
        result = result + (try product(depth: depth, negated: true))
      } else {
        return result
      }
    }
  }

  /// A product, or what is subtracted: the sign goes to the first factor, since the magnitude of the
  /// least integer is none.
  private mutating func product(
    depth: Int, negated: Bool = false
  ) throws(ExtentSyntaxError) -> Extent {
    var negative = negated
    while take("-") { negative.toggle() }
    var result = try factor(depth: depth, negative: negative)
    while true {
      if take("*") {
        result = result * (try factor(depth: depth, negative: take("-")))
      } else if take("//") {
        // A quotient rounds down before it is subtracted.
        let divisor = try factor(depth: depth, negative: take("-"))
        let numerator = negated ? .zero - result : result
        let quotient = numerator.floorDivided(by: divisor)
        result = negated ? .zero - quotient : quotient
      } else {
        return result
      }
    }
  }

  private mutating func factor(
    depth: Int, negative: Bool
  ) throws(ExtentSyntaxError) -> Extent {
    skipSpaces()
    guard position < bytes.count else { throw .unexpected("unexpected end", offset: position) }
    if Self.isDigit(bytes[position]) { return try number(negative: negative) }
    let value = try operand(depth: depth)
    return negative ? .zero - value : value
  }

  private mutating func number(negative: Bool) throws(ExtentSyntaxError) -> Extent {
    let start = position
    while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Int((negative ? "-" : "") + digits) else { throw .tooLarge }
    return .fixed(value)
  }

  private static let functions = [
    "min", "max", "floordiv", "broadcast", "Min", "Max", "FloorDiv",
  ]

  private mutating func operand(depth: Int) throws(ExtentSyntaxError) -> Extent {
    if take("(") {
      let inner = try sum(depth: depth - 1)
      try expect(")")
      return inner
    }
    if take("'") { return .symbol(try quotedName()) }
    let start = position
    while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
    guard position > start, bytes[start] != UInt8(ascii: ".") else {
      throw .unexpected("expected a number or a name", offset: start)
    }
    let name = String(decoding: bytes[start..<position], as: UTF8.self)
    guard Self.functions.contains(name), take("(") else { return .symbol(name) }
    let left = try sum(depth: depth - 1)
    try expect(",")
    let right = try sum(depth: depth - 1)
    try expect(")")
    return switch name {
    case "min", "Min": .minimum(left, right)
    case "max", "Max": .maximum(left, right)
    case "broadcast": .broadcast(left, right)
    default: left.floorDivided(by: right)
    }
  }

  /// The rest of a name in single quotes.
  private mutating func quotedName() throws(ExtentSyntaxError) -> String {
    var name: [UInt8] = []
    while position < bytes.count {
      var byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "'") { return String(decoding: name, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), position < bytes.count {
        byte = bytes[position]
        position += 1
      }
      name.append(byte)
    }
    throw .unexpected("a quote is not closed", offset: position)
  }
}
