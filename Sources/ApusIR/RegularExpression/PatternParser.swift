/// The syntax tree of a pattern.
indirect enum PatternNode {
  case empty
  case scalar(UInt32)
  case set(ScalarSet)
  case any
  case anyButNewline
  case assertion(PatternAssertion)
  case concatenation([PatternNode])
  case alternation([PatternNode])
  /// Without an upper bound where `maximum` is nil; a lazy one prefers fewer.
  case repetition(PatternNode, minimum: Int, maximum: Int?, isLazy: Bool)
}

/// What a pattern may ask of a position.
enum PatternAssertion: Sendable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// Parses RE2's syntax (github.com/google/re2/wiki/Syntax).
///
/// Scripts in `\p{…}` and the single byte `\C` are not supported.
struct PatternParser {
  struct Flags {
    var ignoresCase = false
    var multiline = false
    var dotMatchesNewline = false
    var isUngreedy = false
  }

  /// Groups nest no deeper.
  static let nestingLimit = 200
  /// The largest count in braces.
  static let repetitionLimit = 1000
  static let lengthLimit = 1 << 16

  let text: [UInt32]
  var position = 0
  var flags = Flags()
  private var depth = 0
  private var groupNames: Set<String> = []

  static func parse(_ pattern: String) throws(RegularExpressionError) -> PatternNode {
    guard pattern.utf8.count <= lengthLimit else {
      throw .tooLarge("it is longer than \(lengthLimit) bytes")
    }
    var parser = PatternParser(text: pattern.unicodeScalars.map(\.value))
    let node = try parser.alternation()
    guard parser.position == parser.text.count else { throw parser.error("an unexpected ')'") }
    return node
  }

  private init(text: [UInt32]) { self.text = text }

  func error(_ reason: String) -> RegularExpressionError { .syntax(reason, offset: position) }

  var current: UInt32? { position < text.count ? text[position] : nil }

  func isNext(_ scalar: Unicode.Scalar, at offset: Int = 0) -> Bool {
    position + offset < text.count && text[position + offset] == scalar.value
  }

  /// Steps over a scalar if it comes next.
  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard isNext(scalar) else { return false }
    position += 1
    return true
  }

  private mutating func alternation() throws(RegularExpressionError) -> PatternNode {
    var branches: [PatternNode] = []
    repeat { branches.append(try concatenation()) } while take("|")
    return branches.count == 1 ? branches[0] : .alternation(branches)
  }

  private mutating func concatenation() throws(RegularExpressionError) -> PatternNode {
    var parts: [PatternNode] = []
    /// Whether an operand for a repetition stands before the position.
    var hasOperand = false
    var isRepeated = false
    while let scalar = current, scalar != UInt32(ascii: "|"), scalar != UInt32(ascii: ")") {
      if let (minimum, maximum) = try repetition() {
        guard hasOperand, let operand = parts.popLast() else {
          throw error("a repetition of nothing")
        }
        guard !isRepeated else { throw error("a repetition of a repetition") }
        let isLazy = take("?") != flags.isUngreedy
        parts.append(
          .repetition(operand, minimum: minimum, maximum: maximum, isLazy: isLazy))
        isRepeated = true
        continue
      }
      isRepeated = false
      if isNext("("), try changesFlags() {
        hasOperand = false
        continue
      }
      if isNext("\\"), isNext("Q", at: 1) {
        let count = parts.count
        quoted(into: &parts)
        hasOperand = parts.count > count
        continue
      }
      parts.append(try atom())
      hasOperand = true
    }
    return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .concatenation(parts)
  }

  /// The bounds of a repetition operator, if one comes next.
  private mutating func repetition() throws(RegularExpressionError) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard isNext("{") else { return nil }
    // Braces that hold no bounds are literal.
    let start = position
    position += 1
    guard let minimum = number() else {
      position = start
      return nil
    }
    var maximum: Int? = minimum
    if take(",") { maximum = isNext("}") ? nil : number() ?? -1 }
    guard take("}"), maximum != -1 else {
      position = start
      return nil
    }
    guard minimum <= Self.repetitionLimit, (maximum ?? 0) <= Self.repetitionLimit else {
      throw error("a count over \(Self.repetitionLimit)")
    }
    guard minimum <= maximum ?? minimum else { throw error("bounds in the wrong order") }
    return (minimum, maximum)
  }

  /// A decimal number; large ones saturate.
  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = current, (UInt32(ascii: "0")...UInt32(ascii: "9")).contains(scalar) {
      value = min((value ?? 0) * 10 + Int(scalar - UInt32(ascii: "0")), 1 << 20)
      position += 1
    }
    return value
  }

  /// `\Q…\E`: everything literally.
  private mutating func quoted(into parts: inout [PatternNode]) {
    position += 2
    while let scalar = current {
      if isNext("\\"), isNext("E", at: 1) {
        position += 2
        return
      }
      parts.append(literal(scalar))
      position += 1
    }
  }

  private func literal(_ scalar: UInt32) -> PatternNode {
    guard flags.ignoresCase, !CaseFolding.orbit(scalar).isEmpty else { return .scalar(scalar) }
    return .set(
      ScalarSet([.init(content: .ranges([scalar...scalar]), folds: true)], isNegated: false))
  }

  /// One scalar, class, assertion or group.
  private mutating func atom() throws(RegularExpressionError) -> PatternNode {
    guard let scalar = current else { throw error("it ends too early") }
    if isNext("(") { return try group() }
    if isNext("[") { return .set(try bracketed()) }
    if isNext("\\") { return try escape() }
    position += 1
    switch scalar {
    case UInt32(ascii: "."): return flags.dotMatchesNewline ? .any : .anyButNewline
    case UInt32(ascii: "^"): return .assertion(flags.multiline ? .lineStart : .textStart)
    case UInt32(ascii: "$"): return .assertion(flags.multiline ? .lineEnd : .textEnd)
    default: return literal(scalar)
    }
  }

  private mutating func escape() throws(RegularExpressionError) -> PatternNode {
    guard position + 1 < text.count, let letter = Unicode.Scalar(text[position + 1]) else {
      throw error("a backslash at the end")
    }
    let assertion: PatternAssertion? =
      switch letter {
      case "A": .textStart
      case "z": .textEnd
      case "b": .wordBoundary
      case "B": .noWordBoundary
      default: nil
      }
    if let assertion {
      position += 2
      return .assertion(assertion)
    }
    if letter == "C" { throw .unsupported("'\\C', a single byte,", offset: position) }
    if let item = try classEscape() { return .set(ScalarSet([item], isNegated: false)) }
    return literal(try scalarEscape())
  }

  private mutating func group() throws(RegularExpressionError) -> PatternNode {
    depth += 1
    guard depth <= Self.nestingLimit else {
      throw .tooLarge("its groups are nested deeper than \(Self.nestingLimit)")
    }
    let outer = flags
    let start = position
    position += 1
    if take("?") {
      if take("P") {
        guard take("<") else { throw error("an unknown kind of group") }
        try groupName()
      } else if take("<") {
        try groupName()
      } else {
        guard let changed = flagChange(), take(":") else {
          throw error("an unknown kind of group")
        }
        flags = changed
      }
    }
    let node = try alternation()
    guard take(")") else { throw .syntax("a group without its ')'", offset: start) }
    flags = outer
    depth -= 1
    return node
  }

  private mutating func groupName() throws(RegularExpressionError) {
    var name = ""
    while let scalar = current, scalar != UInt32(ascii: ">") {
      guard let value = Unicode.Scalar(scalar),
        value == "_" || value.properties.isAlphabetic
          || value.properties.numericType != nil
      else { throw error("a group's name with a character that names lack") }
      name.unicodeScalars.append(value)
      position += 1
    }
    guard take(">"), !name.isEmpty else { throw error("a group without its name") }
    guard groupNames.insert(name).inserted else { throw error("a second group '\(name)'") }
  }

  /// Applies a group that only changes flags, such as `(?i)`; false where none comes next.
  private mutating func changesFlags() throws(RegularExpressionError) -> Bool {
    guard isNext("?", at: 1) else { return false }
    let start = position
    position += 2
    if let changed = flagChange(), take(")") {
      flags = changed
      return true
    }
    position = start
    return false
  }

  /// The flags after letters such as `i-s`; nil where they are none.
  private mutating func flagChange() -> Flags? {
    var result = flags
    var value = true
    var letters = 0
    while let scalar = current, let letter = Unicode.Scalar(scalar) {
      switch letter {
      case "i": result.ignoresCase = value
      case "m": result.multiline = value
      case "s": result.dotMatchesNewline = value
      case "U": result.isUngreedy = value
      case "-" where value:
        value = false
        letters = -1
      case ":", ")":
        // A minus needs letters behind it.
        return !value && letters == 0 ? nil : result
      default: return nil
      }
      letters += 1
      position += 1
    }
    return nil
  }
}

extension UInt32 {
  init(ascii scalar: Unicode.Scalar) { self = scalar.value }
}
