/// Appends values to a byte buffer: little-endian, integers of variable length, texts and lists with
/// their length in front. `ByteReader` reads them back.
package struct ByteWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package var count: Int { bytes.count }

  package mutating func write(byte: UInt8) { bytes.append(byte) }

  package mutating func write(flag: Bool) { bytes.append(flag ? 1 : 0) }

  /// Seven bits a byte, the lowest first.
  package mutating func write(unsigned value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A length or an index; negative ones are a programmer's error.
  package mutating func write(count: Int) {
    precondition(count >= 0, "a count is negative")
    write(unsigned: UInt64(count))
  }

  /// Any integer, small magnitudes in few bytes.
  package mutating func write(integer value: Int) {
    write(unsigned: UInt64(bitPattern: Int64(value << 1) ^ Int64(value >> 63)))
  }

  package mutating func write<Value: FixedWidthInteger>(fixed value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
  }

  package mutating func write(real: Double) { write(fixed: real.bitPattern) }

  /// UTF-8 with its length in front.
  package mutating func write(text: String) {
    write(count: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// Bytes with their length in front.
  package mutating func write(bytes content: [UInt8]) {
    write(count: content.count)
    bytes.append(contentsOf: content)
  }

  /// Bytes alone.
  package mutating func write(raw content: some Sequence<UInt8>) {
    bytes.append(contentsOf: content)
  }

  /// Pads with zeros up to a multiple of `alignment`.
  package mutating func align(to alignment: Int) {
    while alignment > 1, bytes.count % alignment != 0 { bytes.append(0) }
  }
}
