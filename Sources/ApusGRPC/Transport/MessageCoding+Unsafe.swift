#if Server
internal import CApusZlib
internal import NIOCore

extension MessageCoding {
  /// The bytes before compression. Throws where they are damaged, cut short or more than `limit`.
  func decompress(_ message: ByteBuffer, limit: Int) throws(CallStatus) -> ByteBuffer {
    guard self != .identity else {
      throw CallStatus(
        .internalError, "a message is compressed, and grpc-encoding does not say how")
    }
    guard let stream = unsafe apus_zlib_inflate(self == .gzip ? 1 : 0) else { throw Self.noMemory }
    defer { unsafe apus_zlib_close(stream) }
    var output = ByteBuffer()
    var used = 0
    while true {
      // One byte beyond the limit tells that it is exceeded.
      let room = min(
        max(message.readableBytes &* 3, output.readableBytes, 4096),
        limit - output.readableBytes + 1)
      let before = output.readableBytes
      let result = unsafe Self.run(stream, message, &used, &output, room: room)
      guard output.readableBytes <= limit else {
        throw CallStatus(
          .resourceExhausted, "a message becomes larger than the limit of \(limit) bytes")
      }
      switch result {
      case Int32(APUS_ZLIB_END.rawValue): return output
      case Int32(APUS_ZLIB_MEMORY.rawValue): throw Self.noMemory
      case Int32(APUS_ZLIB_MORE.rawValue) where output.readableBytes - before == room: continue
      case Int32(APUS_ZLIB_MORE.rawValue):
        throw CallStatus(.internalError, "a compressed message ends too early")
      default: throw CallStatus(.internalError, "a compressed message is damaged")
      }
    }
  }

  /// The bytes compressed; nil without memory.
  func compress(_ message: ByteBuffer, level: Int) -> ByteBuffer? {
    guard self != .identity,
      let stream = unsafe apus_zlib_deflate(self == .gzip ? 1 : 0, Int32(clamping: level))
    else { return nil }
    defer { unsafe apus_zlib_close(stream) }
    var output = ByteBuffer()
    var used = 0
    while true {
      let result = unsafe Self.run(
        stream, message, &used, &output, room: max(message.readableBytes / 2, 1024))
      if result == Int32(APUS_ZLIB_END.rawValue) { return output }
      guard result == Int32(APUS_ZLIB_MORE.rawValue) else { return nil }
    }
  }

  private static func run(
    _ stream: OpaquePointer, _ message: ByteBuffer, _ used: inout Int, _ output: inout ByteBuffer,
    room: Int
  ) -> Int32 {
    var result: Int32 = 0
    unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
      unsafe message.withUnsafeReadableBytes { bytes in
        var input = unsafe bytes.baseAddress.map {
          unsafe $0.assumingMemoryBound(to: UInt8.self) + used
        }
        var inputSize = bytes.count - used
        var position = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var free = min(room, target.count)
        let whole = free
        result = unsafe apus_zlib_run(stream, &input, &inputSize, &position, &free)
        used = bytes.count - inputSize
        return whole - free
      }
    }
    return result
  }

  private static let noMemory = CallStatus(.resourceExhausted, "no memory to decompress a message")
}
#endif
