#if Server
internal import ApusServing

/// Writes the binary form of protocol buffers.
struct WireBuilder: Sendable {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  /// Leaves an empty text out, as proto3 does.
  mutating func text(_ field: UInt64, _ text: String) {
    guard !text.isEmpty else { return }
    tag(field, 2)
    varint(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func message(_ field: UInt64, _ message: WireBuilder) {
    header(field, count: message.bytes.count)
    bytes += message.bytes
  }

  mutating func append(_ other: WireBuilder) { bytes += other.bytes }

  mutating func append(_ other: [UInt8]) { bytes += other }

  /// What precedes `count` bytes of a text, bytes or message.
  mutating func header(_ field: UInt64, count: Int) {
    tag(field, 2)
    varint(UInt64(count))
  }

  /// A packed list of integers.
  mutating func integers(_ field: UInt64, _ values: [Int]) {
    guard !values.isEmpty else { return }
    var packed = WireBuilder(capacity: values.count * 2)
    for value in values { packed.varint(UInt64(bitPattern: Int64(value))) }
    message(field, packed)
  }

  /// An entry of a map of parameters.
  mutating func parameter(_ field: UInt64, _ name: String, _ value: ParameterValue) {
    var content = WireBuilder()
    switch value {
    case .bool(let flag):
      content.tag(1, 0)
      content.varint(flag ? 1 : 0)
    case .integer(let number):
      content.tag(2, 0)
      content.varint(UInt64(bitPattern: number))
    case .text(let text):
      content.header(3, count: text.utf8.count)
      content.bytes.append(contentsOf: text.utf8)
    case .double(let number):
      content.tag(4, 1)
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        content.bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
      }
    case .unsigned(let number):
      content.tag(5, 0)
      content.varint(number)
    }
    var entry = WireBuilder()
    entry.text(1, name)
    entry.message(2, content)
    message(field, entry)
  }

  private mutating func tag(_ field: UInt64, _ type: UInt64) { varint(field << 3 | type) }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Bytes of a tag below 16 and the length of `count` bytes.
  static func headerCount(_ count: Int) -> Int {
    var rest = UInt64(count)
    var width = 2
    while rest >= 0x80 {
      width += 1
      rest >>= 7
    }
    return width
  }
}
#endif
