#if Server
internal import NIOCore

/// A message with its prefix, ready to be sent.
struct FramedMessage: Sendable {
  let bytes: ByteBuffer
  /// Why there is none.
  let failure: CallStatus?

  init(_ bytes: ByteBuffer) {
    self.bytes = bytes
    failure = nil
  }

  init(_ failure: CallStatus) {
    bytes = ByteBuffer()
    self.failure = failure
  }

  /// The message compressed; as it is where that fails.
  func compressed(_ coding: MessageCoding, level: Int) -> ByteBuffer {
    var content = bytes
    content.moveReaderIndex(forwardBy: min(MessageDeframer.prefixLength, content.readableBytes))
    guard let compressed = coding.compress(content, level: level),
      let count = UInt32(exactly: compressed.readableBytes)
    else { return bytes }
    var framed = ByteBuffer()
    framed.reserveCapacity(compressed.readableBytes + MessageDeframer.prefixLength)
    framed.writeInteger(UInt8(1))
    framed.writeInteger(count)
    framed.writeImmutableBuffer(compressed)
    return framed
  }
}
#endif
