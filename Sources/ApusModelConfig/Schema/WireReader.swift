/// The fields of a message in the binary form of protocol buffers, without knowledge of their types.
enum WireReader {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(ArraySlice<UInt8>)

    var integer: UInt64 { if case .varint(let number) = self { number } else { 0 } }
    var float: Float { if case .fixed32(let bits) = self { Float(bitPattern: bits) } else { 0 } }
    var double: Double { if case .fixed64(let bits) = self { Double(bitPattern: bits) } else { 0 } }
    var content: ArraySlice<UInt8> { if case .bytes(let bytes) = self { bytes } else { [] } }
  }

  /// Values by field, each in order. Reads up to the first byte that is none of the form.
  static func fields(of bytes: ArraySlice<UInt8>) -> [Int: [Value]] {
    var rest = bytes
    var fields: [Int: [Value]] = [:]
    while let tag = varint(&rest), let value = value(type: tag & 7, &rest) {
      fields[Int(truncatingIfNeeded: tag >> 3), default: []].append(value)
    }
    return fields
  }

  /// The elements of a list of numbers, which the binary form may pack.
  static func unpacked(_ value: Value, kind: FieldSchema.Kind) -> [Value] {
    guard case .bytes(var rest) = value else { return [value] }
    let type: UInt64
    switch kind {
    case .string, .bytes, .message: return [value]
    case .float: type = 5
    case .double: type = 1
    default: type = 0
    }
    var values: [Value] = []
    while let part = self.value(type: type, &rest) { values.append(part) }
    return values
  }

  private static func value(type: UInt64, _ rest: inout ArraySlice<UInt8>) -> Value? {
    switch type {
    case 0: return varint(&rest).map { .varint($0) }
    case 1: return fixed(8, &rest).map { .fixed64($0) }
    case 2:
      guard let count = varint(&rest), count <= UInt64(rest.count) else { return nil }
      let content = rest.prefix(Int(count))
      rest = rest.dropFirst(Int(count))
      return .bytes(content)
    case 5: return fixed(4, &rest).map { .fixed32(UInt32(truncatingIfNeeded: $0)) }
    default: return nil
    }
  }

  private static func fixed(_ width: Int, _ rest: inout ArraySlice<UInt8>) -> UInt64? {
    guard rest.count >= width else { return nil }
    var number: UInt64 = 0
    for byte in rest.prefix(width).reversed() { number = number << 8 | UInt64(byte) }
    rest = rest.dropFirst(width)
    return number
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      if shift < 64 { number |= UInt64(byte & 0x7F) << shift }
      if byte & 0x80 == 0 { return number }
    }
    return nil
  }
}
