#if Server
internal import ApusServing
internal import ApusTensor
internal import CApusZlib
internal import NIOCore

/// Compression of whole bodies.
enum Compressor {
  /// Quick rather than tight: answers are made while clients wait.
  private static let level: Int32 = 2

  /// A compressed body as it was before. Throws where it is damaged, cut short or empty, or becomes larger
  /// than `limit`.
  static func decompress(
    _ body: ByteView, _ coding: ContentCoding, limit: Int
  ) throws(ServingError) -> ByteView {
    guard coding != .identity else { return body }
    guard let stream = unsafe apus_zlib_inflate(coding == .gzip ? 1 : 0) else { throw noMemory }
    defer { unsafe apus_zlib_close(stream) }
    var capacity = min(max(body.count &* 4, 4096), limit)
    var storage = try Storage.serving(byteCount: capacity)
    var count = 0
    var used = 0
    while true {
      let result = unsafe body.withBytes { bytes in
        var input = unsafe bytes.baseAddress.map {
          unsafe $0.assumingMemoryBound(to: UInt8.self) + used
        }
        var inputSize = bytes.count - used
        var output: UnsafeMutablePointer<UInt8>? =
          unsafe storage.address.assumingMemoryBound(to: UInt8.self) + count
        var outputSize = capacity - count
        defer {
          used = bytes.count - inputSize
          count = capacity - outputSize
        }
        return unsafe apus_zlib_run(stream, &input, &inputSize, &output, &outputSize)
      }
      switch result {
      case Int32(APUS_ZLIB_END.rawValue): return ByteView(storage, offset: 0, count: count)
      case Int32(APUS_ZLIB_MEMORY.rawValue): throw noMemory
      case Int32(APUS_ZLIB_MORE.rawValue) where count == capacity:
        guard capacity < limit else {
          throw ServingError(
            .invalidArgument,
            "the decompressed request exceeds the maximum allowed input size of \(limit) bytes. Use "
              + "--http-max-input-size to increase the limit.")
        }
        capacity = min(capacity &* 2, limit)
        let larger = try Storage.serving(byteCount: capacity)
        unsafe larger.address.copyMemory(from: storage.address, byteCount: count)
        storage = larger
      case Int32(APUS_ZLIB_MORE.rawValue): throw damaged(coding, "it ends too early")
      default: throw damaged(coding, "it is damaged")
      }
    }
  }

  /// The body compressed; nil where there is no memory for that.
  static func compress(_ body: [UInt8], _ coding: ContentCoding) -> [UInt8]? {
    guard coding != .identity,
      let stream = unsafe apus_zlib_deflate(coding == .gzip ? 1 : 0, level)
    else { return nil }
    defer { unsafe apus_zlib_close(stream) }
    var compressed = [UInt8](repeating: 0, count: body.count / 2 + 1024)
    var used = 0
    var made = 0
    while true {
      let result = unsafe compressed.withUnsafeMutableBufferPointer { target in
        unsafe body.withUnsafeBufferPointer { bytes in
          var input = unsafe bytes.baseAddress.map { unsafe $0 + used }
          var inputSize = bytes.count - used
          var output = unsafe target.baseAddress.map { unsafe $0 + made }
          var outputSize = target.count - made
          let result = unsafe apus_zlib_run(stream, &input, &inputSize, &output, &outputSize)
          used = bytes.count - inputSize
          made = target.count - outputSize
          return result
        }
      }
      if result == Int32(APUS_ZLIB_END.rawValue) {
        compressed.removeLast(compressed.count - made)
        return compressed
      }
      guard result == Int32(APUS_ZLIB_MORE.rawValue) else { return nil }
      if made == compressed.count { compressed += [UInt8](repeating: 0, count: compressed.count) }
    }
  }

  private static var noMemory: ServingError {
    ServingError(.unavailable, "no memory to decompress the request")
  }

  private static func damaged(_ coding: ContentCoding, _ reason: String) -> ServingError {
    ServingError(
      .invalidArgument, "failed to decompress the request as \(coding.rawValue): \(reason)")
  }
}
#endif
