#if Server
internal import ApusTensor
internal import ApusTransport
internal import NIOCore

extension MessageCoding {
  /// Nil for identity.
  private var format: Zlib.Format? { Zlib.Format(rawValue: rawValue) }

  /// The bytes before compression. Throws where they are damaged, cut short or more than `limit`.
  func decompress(_ message: ByteBuffer, limit: Int) throws(CallStatus) -> ByteBuffer {
    guard let format else {
      throw CallStatus(
        .internalError, "a message is compressed, and grpc-encoding does not say how")
    }
    let result = unsafe message.withUnsafeReadableBytes { bytes in
      Result { () throws(Zlib.Failure) in
        let (storage, count) = try unsafe Zlib.decompress(bytes, format, limit: limit)
        return unsafe ByteBuffer(
          bytes: UnsafeRawBufferPointer(start: storage.address, count: count))
      }
    }
    do throws(Zlib.Failure) { return try result.get() } catch {
      switch error {
      case .noMemory: throw CallStatus(.resourceExhausted, "no memory to decompress a message")
      case .endsEarly: throw CallStatus(.internalError, "a compressed message ends too early")
      case .damaged: throw CallStatus(.internalError, "a compressed message is damaged")
      case .tooLarge:
        throw CallStatus(
          .resourceExhausted, "a message becomes larger than the limit of \(limit) bytes")
      }
    }
  }

  /// The bytes compressed; nil without memory.
  func compress(_ message: ByteBuffer, level: Int) -> ByteBuffer? {
    guard let format else { return nil }
    return unsafe message.withUnsafeReadableBytes {
      unsafe Zlib.compress($0, format, level: level).map { ByteBuffer(bytes: $0) }
    }
  }
}
#endif
