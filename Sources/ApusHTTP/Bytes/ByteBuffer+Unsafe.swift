#if Server
internal import CApusPlatform
internal import NIOCore

extension ByteBuffer {
  /// Whether the readable bytes begin with these.
  func begins(with expected: [UInt8]) -> Bool {
    unsafe withUnsafeReadableBytes { bytes in
      guard bytes.count >= expected.count, let base = bytes.baseAddress else { return false }
      return unsafe apus_bytes_equal(base, expected, expected.count)
    }
  }

  /// Appends the digits of a number that is not negative.
  mutating func writeDecimal(_ number: Int) {
    unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { target in
      var rest = number.magnitude
      var place = 20
      repeat {
        place -= 1
        unsafe target[place] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
        rest /= 10
      } while rest > 0
      for digit in place..<20 { unsafe target[digit - place] = target[digit] }
      return 20 - place
    }
  }

  /// The length of a head of HTTP with the empty line that ends it, where the readable bytes begin with one
  /// that any reader ends at the same place: from a letter on, with no line end but CR LF. Nil otherwise.
  var lengthOfHead: Int? {
    unsafe withUnsafeReadableBytes { bytes in
      guard let first = unsafe bytes.first, first >= 0x41, first <= 0x5A else { return nil }
      var lineStart = 0
      for index in 0..<bytes.count where unsafe bytes[index] == 0x0A {
        guard index > 0, unsafe bytes[index - 1] == 0x0D else { return nil }
        if index == lineStart + 1 { return index + 1 }
        lineStart = index + 1
      }
      return nil
    }
  }
}
#endif
