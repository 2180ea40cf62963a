#if Server
internal import NIOCore

extension ByteBuffer {
  /// Bytes to leave free before these so that the first field of the message that begins `prefix` bytes into them and
  /// that goes on behind them has its content at a multiple of `alignment`.
  func leadToAlign(after prefix: Int, to alignment: Int) -> Int {
    unsafe withUnsafeReadableBytes { bytes in
      guard bytes.count > prefix else { return 0 }
      var cursor = unsafe WireCursor(bytes, prefix..<bytes.count)
      guard let start = cursor.startOfUnfinished() else { return 0 }
      return (alignment - start % alignment) % alignment
    }
  }
}
#endif
