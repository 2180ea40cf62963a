#if Server
internal import ApusServing

extension JSONReader {
  /// The text in quotes that comes next, with its escapes resolved.
  mutating func string() throws(ServingError) -> String {
    let start = position
    let range = try plainString()
    if let range {
      guard let text = bytes.text(range) else { throw notUTF8(range) }
      return text
    }
    var resolved: [UInt8] = []
    try appendString(to: &resolved)
    guard let text = String(validating: resolved, as: UTF8.self) else {
      throw notUTF8(start..<position)
    }
    return text
  }

  /// Passes a text and tells its place among others, or their number where it is none of them.
  mutating func knownText(_ texts: [String]) throws(ServingError) -> Int {
    if let range = try plainString() {
      for (place, text) in texts.enumerated() where bytes.holds(text, at: range) { return place }
      guard bytes.isUTF8(range) else { throw notUTF8(range) }
      return texts.count
    }
    let text = try string()
    return texts.firstIndex(of: text) ?? texts.count
  }

  /// Passes a text without escapes and tells the range within its quotes; nil, without passing it, where
  /// it has some.
  private mutating func plainString() throws(ServingError) -> Range<Int>? {
    guard peek == 0x22 else { throw expected("a text in quotes") }
    let end = bytes.endOfPlainText(from: position + 1)
    guard end < bytes.count else { throw failure("a text that does not end", at: position) }
    switch bytes[end] {
    case 0x22:
      let range = (position + 1)..<end
      advance(to: end + 1)
      return range
    case 0x5C: return nil
    default: throw failure("a control character in a text", at: end)
    }
  }

  /// Appends the bytes of the text in quotes that comes next; returns their number. They are UTF-8.
  mutating func appendText(to result: inout [UInt8]) throws(ServingError) -> Int {
    skipSpace()
    let before = result.count
    if let range = try plainString() {
      guard bytes.isUTF8(range) else { throw notUTF8(range) }
      bytes.append(range, to: &result)
    } else {
      let start = position
      try appendString(to: &result)
      guard bytes.isUTF8(start..<position) else { throw notUTF8(start..<position) }
    }
    return result.count - before
  }

  private mutating func appendString(to result: inout [UInt8]) throws(ServingError) {
    let start = position
    var index = position + 1
    var run = index
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x22 {
        bytes.append(run..<index, to: &result)
        advance(to: index + 1)
        return
      }
      if byte < 0x20 { throw failure("a control character in a text", at: index) }
      guard byte == 0x5C else {
        index += 1
        continue
      }
      bytes.append(run..<index, to: &result)
      index = try escape(at: index, to: &result)
      run = index
    }
    throw failure("a text that does not end", at: start)
  }

  /// Resolves the escape at the backslash `start`; the first byte after it.
  private func escape(at start: Int, to result: inout [UInt8]) throws(ServingError) -> Int {
    guard start + 1 < bytes.count else { throw failure("a text that does not end", at: start) }
    switch bytes[start + 1] {
    case 0x22: result.append(0x22)
    case 0x5C: result.append(0x5C)
    case 0x2F: result.append(0x2F)
    case 0x62: result.append(0x08)
    case 0x66: result.append(0x0C)
    case 0x6E: result.append(0x0A)
    case 0x72: result.append(0x0D)
    case 0x74: result.append(0x09)
    case 0x75:
      var code = try hexadecimal(at: start + 2)
      var end = start + 6
      if (0xD800..<0xDC00).contains(code) {
        guard end + 1 < bytes.count, bytes[end] == 0x5C, bytes[end + 1] == 0x75 else {
          throw failure("half of a surrogate pair", at: start)
        }
        let low = try hexadecimal(at: end + 2)
        guard (0xDC00..<0xE000).contains(low) else {
          throw failure("half of a surrogate pair", at: start)
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        end += 6
      }
      guard let scalar = UnicodeScalar(code) else {
        throw failure("half of a surrogate pair", at: start)
      }
      result.append(contentsOf: String(Character(scalar)).utf8)
      return end
    default: throw failure("an escape that JSON does not have", at: start)
    }
    return start + 2
  }

  private func hexadecimal(at start: Int) throws(ServingError) -> UInt32 {
    var code: UInt32 = 0
    for index in start..<(start + 4) {
      let digit: UInt8
      switch index < bytes.count ? bytes[index] : 0 {
      case let byte where (0x30...0x39).contains(byte): digit = byte - 0x30
      case let byte where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
      case let byte where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
      default: throw failure("four hexadecimal digits belong after \\u", at: index)
      }
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  private func notUTF8(_ range: Range<Int>) -> ServingError {
    failure("a text that is not UTF-8", at: range.lowerBound)
  }
}
#endif
