#if Server
internal import NIOCore

/// Takes messages out of a call's bytes: each a flag, a length of 32 bits and so many bytes.
struct MessageDeframer {
  struct Frame {
    let isCompressed: Bool
    let content: ByteBuffer
  }

  static let prefixLength = 5
  /// A length is believed no further than this before its bytes come.
  private static let reservation = 16 << 20
  /// What the first field that does not come with a message's first bytes is to begin at a multiple of: mostly it is
  /// a tensor, which is used where it arrived if kernels may read it there.
  private static let alignment = 16

  private var buffer = ByteBuffer()

  var isEmpty: Bool { buffer.readableBytes == 0 }

  mutating func append(_ bytes: ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
      return
    }
    let length =
      buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self).map { Int($0) } ?? 0
    let missing = Self.prefixLength + length - buffer.readableBytes
    if missing > buffer.writableBytes, missing > bytes.readableBytes {
      // Once, rather than by doubling.
      let lead = buffer.leadToAlign(after: Self.prefixLength, to: Self.alignment)
      var larger = ByteBufferAllocator().buffer(
        capacity: lead + buffer.readableBytes + min(missing, Self.reservation))
      larger.moveWriterIndex(forwardBy: lead)
      larger.moveReaderIndex(forwardBy: lead)
      larger.writeImmutableBuffer(buffer)
      buffer = larger
    }
    buffer.writeImmutableBuffer(bytes)
  }

  /// The next message; nil where it is not there yet. Throws for one that is larger than `limit`.
  mutating func next(limit: Int) throws(CallStatus) -> Frame? {
    guard buffer.readableBytes >= Self.prefixLength,
      let flag = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self),
      let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self)
    else { return nil }
    guard flag <= 1 else {
      throw CallStatus(.internalError, "the flag of a message is neither 0 nor 1")
    }
    guard Int(length) <= limit else {
      throw CallStatus(
        .resourceExhausted, "a message of \(length) bytes is larger than the limit of \(limit)")
    }
    guard buffer.readableBytes - Self.prefixLength >= Int(length) else { return nil }
    buffer.moveReaderIndex(forwardBy: Self.prefixLength)
    guard let content = buffer.readSlice(length: Int(length)) else { return nil }
    if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    return Frame(isCompressed: flag == 1, content: content)
  }
}
#endif
