/// Escapes and character classes.
extension PatternParser {
  /// A class such as `[^a-z\d[:punct:]]`, from its '[' on.
  mutating func bracketed() throws(RegularExpressionError) -> ScalarSet {
    let start = position
    position += 1
    let isNegated = take("^")
    var items: [ScalarSet.Item] = []
    var isFirst = true
    while isFirst || !isNext("]") {
      guard current != nil else {
        throw .syntax("a class without its ']'", offset: start)
      }
      isFirst = false
      if isNext("["), isNext(":", at: 1), let item = try posixClass() {
        items.append(item)
        continue
      }
      if isNext("\\"), let item = try classEscape() {
        items.append(item)
        continue
      }
      let first = try classScalar()
      var last = first
      if isNext("-"), !isNext("]", at: 1), position + 1 < text.count {
        position += 1
        last = try classScalar()
        guard first <= last else { throw error("a range in the wrong order") }
      }
      items.append(.init(content: .ranges([first...last]), folds: flags.ignoresCase))
    }
    position += 1
    return ScalarSet(items, isNegated: isNegated)
  }

  /// `[:name:]`; nil where it is not closed, so that its '[' is literal.
  private mutating func posixClass() throws(RegularExpressionError) -> ScalarSet.Item? {
    var end = position + 2
    while end + 1 < text.count,
      text[end] != UInt32(ascii: ":") || text[end + 1] != UInt32(ascii: "]")
    {
      end += 1
    }
    guard end + 1 < text.count else { return nil }
    var name = ""
    for scalar in text[(position + 2)..<end] {
      if let scalar = Unicode.Scalar(scalar) { name.unicodeScalars.append(scalar) }
    }
    let isNegated = name.hasPrefix("^")
    guard let ranges = NamedClasses.posix[isNegated ? String(name.dropFirst()) : name] else {
      throw error("'[:\(name):]', which is no class,")
    }
    position = end + 2
    return .init(content: .ranges(ranges), isNegated: isNegated, folds: flags.ignoresCase)
  }

  /// One scalar of a class.
  private mutating func classScalar() throws(RegularExpressionError) -> UInt32 {
    guard let scalar = current else { throw error("it ends within a class") }
    if isNext("\\") { return try scalarEscape() }
    position += 1
    return scalar
  }

  /// `\d` and the like or `\p{…}`, if one comes next.
  mutating func classEscape() throws(RegularExpressionError) -> ScalarSet.Item? {
    guard position + 1 < text.count, let letter = Unicode.Scalar(text[position + 1]) else {
      return nil
    }
    switch letter {
    case "d", "s", "w", "D", "S", "W":
      position += 2
      let isNegated = letter.properties.isUppercase
      let small = isNegated ? letter.value + 32 : letter.value
      return .init(
        content: .ranges(NamedClasses.perl(small) ?? []), isNegated: isNegated,
        folds: flags.ignoresCase)
    case "p", "P":
      return try property(isNegated: letter == "P")
    default: return nil
    }
  }

  private mutating func property(
    isNegated: Bool
  ) throws(RegularExpressionError) -> ScalarSet.Item {
    let start = position
    position += 2
    var name = ""
    if take("{") {
      while let scalar = current, scalar != UInt32(ascii: "}") {
        if let scalar = Unicode.Scalar(scalar) { name.unicodeScalars.append(scalar) }
        position += 1
      }
      guard take("}") else { throw error("a property without its '}'") }
    } else if let scalar = current.flatMap(Unicode.Scalar.init) {
      name.unicodeScalars.append(scalar)
      position += 1
    }
    var isNegated = isNegated
    if name.hasPrefix("^") {
      isNegated.toggle()
      name.removeFirst()
    }
    let content: ScalarSet.Content
    if name == "Any" {
      content = .all
    } else if Unicode.GeneralCategory.abbreviations.contains(name) {
      content = .category(name)
    } else {
      throw .unsupported("the property '\(name)'", offset: start)
    }
    return .init(content: content, isNegated: isNegated, folds: flags.ignoresCase)
  }

  /// The scalar that an escape stands for.
  mutating func scalarEscape() throws(RegularExpressionError) -> UInt32 {
    guard position + 1 < text.count, let letter = Unicode.Scalar(text[position + 1]) else {
      throw error("a backslash at the end")
    }
    let start = position
    position += 2
    switch letter {
    case "a": return 7
    case "f": return 12
    case "n": return 10
    case "r": return 13
    case "t": return 9
    case "v": return 11
    case "0"..."7":
      var value = letter.value - 48
      // One digit other than 0 would refer back to a group.
      guard letter == "0" || octal != nil else { break }
      for _ in 0..<2 {
        guard let digit = octal else { break }
        value = value * 8 + digit
        position += 1
      }
      return value
    case "x":
      if let value = hexadecimal() { return value }
    default:
      let isWord = letter.properties.isAlphabetic || ("0"..."9").contains(letter)
      if letter.isASCII, !isWord { return letter.value }
    }
    throw .syntax("an unknown escape", offset: start)
  }

  private var octal: UInt32? {
    guard let scalar = current, (48...55).contains(scalar) else { return nil }
    return scalar - 48
  }

  /// What follows `\x`: two digits, or any number of them in braces.
  private mutating func hexadecimal() -> UInt32? {
    func digit(_ scalar: UInt32) -> UInt32? {
      switch scalar {
      case 48...57: scalar - 48
      case 65...70: scalar - 55
      case 97...102: scalar - 87
      default: nil
      }
    }
    var value: UInt32 = 0
    if take("{") {
      var count = 0
      while let scalar = current, let digit = digit(scalar) {
        value = value * 16 + digit
        guard value <= 0x10FFFF else { return nil }
        count += 1
        position += 1
      }
      return count > 0 && take("}") ? value : nil
    }
    for _ in 0..<2 {
      guard let scalar = current, let digit = digit(scalar) else { return nil }
      value = value * 16 + digit
      position += 1
    }
    return value
  }
}
