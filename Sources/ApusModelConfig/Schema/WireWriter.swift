/// The binary form of protocol buffers, written field by field.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: ScalarValue, field: Int) {
    switch value {
    case .bool(let flag):
      tag(field, 0)
      varint(flag ? 1 : 0)
    case .signed(let number):
      tag(field, 0)
      varint(UInt64(bitPattern: number))
    case .unsigned(let number):
      tag(field, 0)
      varint(number)
    case .float(let number):
      tag(field, 5)
      for shift in stride(from: 0, to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(shift)))
      }
    case .double(let number):
      tag(field, 1)
      for shift in stride(from: 0, to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(shift)))
      }
    case .text(let text): append(text, field: field)
    }
  }

  /// Texts, and messages in their binary form.
  mutating func append(_ content: [UInt8], field: Int) {
    tag(field, 2)
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func tag(_ field: Int, _ type: UInt64) {
    varint(UInt64(field) << 3 | type)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
