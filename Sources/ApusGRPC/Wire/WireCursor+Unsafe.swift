#if Server
internal import ApusServing
internal import CApusPlatform

/// Reads the binary form of protocol buffers from a range of a message's bytes. Every length is checked
/// against the range.
@safe struct WireCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  private let end: Int

  /// A field's number and the kind of its value.
  struct Tag {
    let field: Int
    let type: UInt8
  }

  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    unsafe self.bytes = unsafe bytes
    position = range.lowerBound
    end = min(range.upperBound, bytes.count)
  }

  var isAtEnd: Bool { position >= end }

  /// The next field's tag; nil at the end.
  mutating func tag() throws(ServingError) -> Tag? {
    guard position < end else { return nil }
    let value = try varint()
    guard let field = Int(exactly: value >> 3), field > 0 else { throw Self.malformed }
    return Tag(field: field, type: UInt8(value & 7))
  }

  mutating func varint() throws(ServingError) -> UInt64 {
    guard position < end else { throw Self.malformed }
    let first = unsafe bytes[position]
    if first < 0x80 {
      position += 1
      return UInt64(first)
    }
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 70 {
      let byte = unsafe bytes[position]
      position += 1
      if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
      if byte < 0x80 { return value }
      shift += 7
    }
    throw Self.malformed
  }

  mutating func fixed32() throws(ServingError) -> UInt32 {
    guard end - position >= 4 else { throw Self.malformed }
    defer { position += 4 }
    return UInt32(
      littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }

  mutating func fixed64() throws(ServingError) -> UInt64 {
    guard end - position >= 8 else { throw Self.malformed }
    defer { position += 8 }
    return UInt64(
      littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  /// Where the bytes of a text or a message lie.
  mutating func content(_ tag: Tag) throws(ServingError) -> Range<Int> {
    guard tag.type == 2 else { throw Self.malformed }
    let count = try varint()
    guard count <= UInt64(end - position) else { throw Self.malformed }
    let start = position
    position += Int(count)
    return start..<position
  }

  mutating func text(_ tag: Tag) throws(ServingError) -> String {
    let range = try content(tag)
    let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
    guard let text = unsafe String(validating: part, as: UTF8.self) else {
      throw ServingError(.invalidArgument, "a text of the request is not UTF-8")
    }
    return text
  }

  /// A cursor over a part of the same bytes.
  func within(_ range: Range<Int>) -> WireCursor { unsafe WireCursor(bytes, range) }

  /// Appends a part of the bytes to an array.
  func copy(_ range: Range<Int>, to array: inout [UInt8]) {
    unsafe array.append(contentsOf: bytes[range])
  }

  /// Passes these bytes where they come next; says whether they did.
  mutating func pass(_ expected: [UInt8]) -> Bool {
    guard end - position >= expected.count else { return false }
    guard let base = unsafe bytes.baseAddress,
      unsafe apus_bytes_equal(base + position, expected, expected.count)
    else { return expected.isEmpty }
    position += expected.count
    return true
  }

  /// Where the content begins of the first text or message that goes on behind the end; nil where none does.
  mutating func startOfUnfinished() -> Int? {
    while let tag = (try? tag()) ?? nil {
      guard tag.type == 2 else {
        if (try? skip(tag)) == nil { return nil }
        continue
      }
      guard let count = try? varint() else { return nil }
      guard count <= UInt64(end - position) else { return position }
      position += Int(count)
    }
    return nil
  }

  /// Passes over a field that the reader does not know.
  mutating func skip(_ tag: Tag) throws(ServingError) {
    switch tag.type {
    case 0: _ = try varint()
    case 1: _ = try fixed64()
    case 2: _ = try content(tag)
    case 5: _ = try fixed32()
    default: throw Self.malformed
    }
  }

  static let malformed = ServingError(
    .invalidArgument, "the request is no valid message of protocol buffers")
}
#endif
