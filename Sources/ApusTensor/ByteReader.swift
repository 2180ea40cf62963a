/// Reads what `ByteWriter` writes from bytes that may be damaged or hostile.
///
/// Every length is checked against what is left before anything is allocated; errors carry the offset
/// of the value that does not fit.
package struct ByteReader: Sendable {
  private let bytes: [UInt8]
  private let base: Int
  private var position = 0

  /// `baseOffset` is where the bytes lie in their file; errors count from the file's start.
  package init(_ bytes: [UInt8], baseOffset: Int = 0) {
    self.bytes = bytes
    self.base = baseOffset
  }

  /// Where the next value starts, for errors.
  package var offset: Int { base &+ position }

  package var remaining: Int { bytes.count - position }

  package var isAtEnd: Bool { remaining == 0 }

  /// Requires that everything was read.
  package func finish() throws(CodingError) {
    guard isAtEnd else {
      throw .malformed("\(remaining) bytes too many", offset: offset)
    }
  }

  package mutating func readByte() throws(CodingError) -> UInt8 {
    guard position < bytes.count else {
      throw .truncated(needed: 1, available: 0, offset: offset)
    }
    defer { position += 1 }
    return bytes[position]
  }

  package mutating func readFlag() throws(CodingError) -> Bool {
    let start = offset
    switch try readByte() {
    case 0: return false
    case 1: return true
    case let value: throw .malformed("\(value) is no truth value", offset: start)
    }
  }

  package mutating func readUnsigned() throws(CodingError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readByte()
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || bits <= 1 else {
        throw .malformed("an integer exceeds 64 bits", offset: start)
      }
      value |= bits << shift
      if byte < 0x80 {
        guard byte != 0 || shift == 0 else {
          throw .malformed("an integer is not in its shortest form", offset: start)
        }
        return value
      }
      shift += 7
      guard shift <= 63 else { throw .malformed("an integer exceeds 64 bits", offset: start) }
    }
  }

  /// Any integer.
  package mutating func readInteger() throws(CodingError) -> Int {
    let code = try readUnsigned()
    let magnitude = Int64(bitPattern: code >> 1)
    return Int(code & 1 == 0 ? magnitude : ~magnitude)
  }

  /// An index below a limit.
  package mutating func readIndex(_ what: String, below limit: Int) throws(CodingError) -> Int {
    let start = offset
    let value = try readUnsigned()
    guard let index = Int(exactly: value), index < limit else {
      throw .limit(what, found: value, limit: limit, offset: start)
    }
    return index
  }

  /// The length of a list of which every entry takes at least `minimumBytes`.
  package mutating func readCount(
    _ what: String, minimumBytes: Int = 1, limit: Int = .max
  ) throws(CodingError) -> Int {
    let start = offset
    let value = try readUnsigned()
    let most = min(limit, remaining / max(minimumBytes, 1))
    guard let count = Int(exactly: value), count <= most else {
      throw .limit(what, found: value, limit: most, offset: start)
    }
    return count
  }

  package mutating func readFixed<Value: FixedWidthInteger>(
    _ type: Value.Type
  ) throws(CodingError) -> Value {
    var value: Value = 0
    for (index, byte) in try readRaw(Value.bitWidth / 8).enumerated() {
      value |= Value(truncatingIfNeeded: byte) << Value(index * 8)
    }
    return value
  }

  package mutating func readReal() throws(CodingError) -> Double {
    Double(bitPattern: try readFixed(UInt64.self))
  }

  /// Exactly `count` bytes.
  package mutating func readRaw(_ count: Int) throws(CodingError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      throw .truncated(needed: count, available: remaining, offset: offset)
    }
    defer { position += count }
    return bytes[position..<(position + count)]
  }

  /// Bytes with their length in front.
  package mutating func readBytes(_ what: String) throws(CodingError) -> ArraySlice<UInt8> {
    try readRaw(try readCount(what))
  }

  /// UTF-8 with its length in front.
  package mutating func readText(_ what: String) throws(CodingError) -> String {
    let start = offset
    let content = try readBytes(what)
    guard let text = String(validating: content, as: UTF8.self) else {
      throw .malformed("\(what) is not valid UTF-8", offset: start)
    }
    return text
  }

  /// Skips the zeros up to a multiple of `alignment`, counted from the first byte.
  package mutating func align(to alignment: Int) throws(CodingError) {
    while alignment > 1, position % alignment != 0 {
      let start = offset
      guard try readByte() == 0 else { throw .malformed("padding is not zero", offset: start) }
    }
  }
}

/// What is wrong with encoded bytes; offsets count from the file's start.
package enum CodingError: Error, Hashable, Sendable {
  case truncated(needed: Int, available: Int, offset: Int)
  /// A length or index is larger than what it counts allows.
  case limit(String, found: UInt64, limit: Int, offset: Int)
  case malformed(String, offset: Int)
}

extension CodingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated(let needed, let available, let offset):
      "needs \(needed) bytes, \(available) are left (at byte \(offset))"
    case .limit(let what, let found, let limit, let offset):
      "\(what): \(found) exceeds \(limit) (at byte \(offset))"
    case .malformed(let reason, let offset): "\(reason) (at byte \(offset))"
    }
  }
}
