/// Elements narrower than a byte, one behind the other from the lowest bit on; those of 6 bits may lie
/// across two bytes.
package enum PackedBits {
  /// The codes of `count` elements, a byte each. The bytes must suffice.
  package static func codes(
    _ bytes: UnsafeRawBufferPointer, count: Int, width: Int
  ) -> [UInt8] {
    let mask = UInt16(1 << width) - 1
    return unsafe Array(unsafeUninitializedCapacity: count) { codes, initialized in
      for index in 0..<count {
        let bit = index * width
        var word = unsafe UInt16(bytes[bit >> 3])
        if bit & 7 + width > 8 { unsafe word |= UInt16(bytes[bit >> 3 + 1]) << 8 }
        unsafe codes[index] = UInt8(word >> UInt16(bit & 7) & mask)
      }
      initialized = count
    }
  }

  /// The lowest `width` bits of each code.
  package static func bytes(_ codes: some Collection<UInt8>, width: Int) -> [UInt8] {
    let mask = UInt16(1 << width) - 1
    var bytes = [UInt8](repeating: 0, count: (codes.count * width + 7) / 8)
    var bit = 0
    for code in codes {
      let word = (UInt16(code) & mask) << UInt16(bit & 7)
      bytes[bit >> 3] |= UInt8(truncatingIfNeeded: word)
      if bit & 7 + width > 8 { bytes[bit >> 3 + 1] |= UInt8(truncatingIfNeeded: word >> 8) }
      bit += width
    }
    return bytes
  }
}
