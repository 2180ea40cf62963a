internal import ApusTensor

/// Reads the fields of one protobuf message, each access checked.
/// Source: the Protocol Buffers encoding guide.
struct WireReader {
  let bytes: ByteRange
  var position = 0

  /// Where a field's bytes lie, relative to the message.
  enum Payload {
    /// Varint, 32-bit or 64-bit scalars.
    case scalar
    /// A length-delimited field's content.
    case range(start: Int, count: Int)
  }

  struct Field {
    var number: Int
    /// Where the key begins.
    var start: Int
    /// Where the next field begins.
    var end: Int
    var payload: Payload
  }

  init(_ bytes: ByteRange) { self.bytes = bytes }

  mutating func varint() throws(WireError) -> UInt64 {
    let start = position
    var value: UInt64 = 0
    for index in 0..<10 {
      guard let byte = bytes[position] else { throw .truncated(offset: bytes.offset + start) }
      position += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte < 0x80 { return value }
    }
    throw .malformed("a varint of more than ten bytes", offset: bytes.offset + start)
  }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(WireError) -> Field? {
    guard position < bytes.count else { return nil }
    let start = position
    let key = try varint()
    guard let number = Int(exactly: key >> 3), number > 0, number < 1 << 29 else {
      throw .malformed("field number \(key >> 3)", offset: bytes.offset + start)
    }
    var payload = Payload.scalar
    switch key & 7 {
    case 0: _ = try varint()
    case 1: try skip(8)
    case 5: try skip(4)
    case 2:
      let length = try varint()
      let content = position
      guard let count = Int(exactly: length) else {
        throw .malformed("a field of \(length) bytes", offset: bytes.offset + start)
      }
      try skip(count)
      payload = .range(start: content, count: count)
    default: throw .malformed("wire type \(key & 7)", offset: bytes.offset + start)
    }
    return Field(number: number, start: start, end: position, payload: payload)
  }

  private mutating func skip(_ count: Int) throws(WireError) {
    guard bytes.slice(at: position, count: count) != nil else {
      throw .tooShort(needed: count, left: bytes.count - position, offset: bytes.offset + position)
    }
    position += count
  }
}

/// What makes bytes no protobuf message; offsets count from the start of the file.
enum WireError: Error, Hashable, Sendable {
  case truncated(offset: Int)
  case tooShort(needed: Int, left: Int, offset: Int)
  case malformed(String, offset: Int)
  case tooDeep(offset: Int)
  case tooLarge(Int)
}

extension WireError {
  var offset: Int {
    switch self {
    case .truncated(let offset), .tooDeep(let offset): offset
    case .tooShort(_, _, let offset), .malformed(_, let offset): offset
    case .tooLarge: 0
    }
  }

  /// Whether the bytes look like the start of something longer.
  var suggestsTruncation: Bool {
    switch self {
    case .truncated, .tooShort: true
    default: false
    }
  }
}

extension WireError: CustomStringConvertible {
  var description: String {
    switch self {
    case .truncated(let offset): "the data ends inside a number (at byte \(offset))"
    case .tooShort(let needed, let left, let offset):
      "a field needs \(needed) bytes, \(left) are left (at byte \(offset))"
    case .malformed(let what, let offset): "\(what) (at byte \(offset))"
    case .tooDeep(let offset): "messages are nested too deeply (at byte \(offset))"
    case .tooLarge(let count):
      "\(count) bytes remain without tensor payloads, more than protobuf can decode"
    }
  }
}

/// Builds protobuf fields.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func key(_ number: Int, wireType: UInt64) { varint(UInt64(number) << 3 | wireType) }

  /// A field of bytes, text or a message.
  mutating func field(_ number: Int, _ content: [UInt8]) {
    key(number, wireType: 2)
    varint(UInt64(content.count))
    bytes += content
  }

  mutating func append(_ range: ByteRange) {
    unsafe range.withBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// A length-delimited field of at most 34 bits of length, filled by `body`.
  mutating func message(
    _ number: Int, _ body: (inout WireWriter) throws(WireError) -> Void
  ) throws(WireError) {
    key(number, wireType: 2)
    let place = bytes.count
    bytes.append(contentsOf: [0, 0, 0, 0, 0])
    try body(&self)
    // A padded varint keeps the field's place without moving what follows.
    var length = UInt64(bytes.count - place - 5)
    guard length < 1 << 35 else { throw .tooLarge(bytes.count) }
    for index in 0..<5 {
      bytes[place + index] = UInt8(length & 0x7F) | (index < 4 ? 0x80 : 0)
      length >>= 7
    }
  }

  /// A length-delimited field with sixteen bytes: two little-endian integers.
  mutating func reference(_ number: Int, _ first: Int, _ second: Int) {
    key(number, wireType: 2)
    bytes.append(16)
    for value in [UInt64(first), UInt64(second)] {
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
  }
}
