#if Server
internal import NIOCore

extension ByteBuffer {
  /// Whether the readable bytes begin with these.
  func begins(with expected: [UInt8]) -> Bool {
    unsafe withUnsafeReadableBytes { bytes in
      guard bytes.count >= expected.count else { return false }
      return unsafe bytes.prefix(expected.count).elementsEqual(expected)
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
