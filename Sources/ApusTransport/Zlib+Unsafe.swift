#if Server
package import ApusTensor
internal import CApusZlib

/// Compression of whole bodies and messages with the system's zlib (RFC 1950, 1952).
package enum Zlib {
  package enum Format: String, Sendable { case gzip, deflate }

  /// Why bytes cannot be decompressed.
  package enum Failure: Error, Hashable, Sendable {
    case damaged, endsEarly, tooLarge, noMemory
  }

  /// The bytes before compression, at the beginning of the storage. Throws where they would be more than `limit`.
  package static func decompress(
    _ bytes: UnsafeRawBufferPointer, _ format: Format, limit: Int
  ) throws(Failure) -> (storage: Storage, count: Int) {
    guard let stream = unsafe apus_zlib_inflate(format == .gzip ? 1 : 0) else { throw .noMemory }
    defer { unsafe apus_zlib_close(stream) }
    // One byte beyond the limit tells that it is exceeded.
    let most = limit == .max ? limit : limit + 1
    var storage = try memory(min(max(bytes.count &* 4, 4096), most))
    var used = 0
    var made = 0
    while true {
      let target = unsafe UnsafeMutableRawBufferPointer(
        start: storage.address, count: storage.byteCount)
      let result = unsafe run(stream, bytes, &used, target, &made)
      guard made <= limit else { throw .tooLarge }
      switch result {
      case Int32(APUS_ZLIB_END.rawValue): return (storage, made)
      case Int32(APUS_ZLIB_MEMORY.rawValue): throw .noMemory
      case Int32(APUS_ZLIB_MORE.rawValue) where made == storage.byteCount:
        let larger = try memory(min(storage.byteCount &* 2, most))
        unsafe larger.address.copyMemory(from: storage.address, byteCount: made)
        storage = larger
      case Int32(APUS_ZLIB_MORE.rawValue): throw .endsEarly
      default: throw .damaged
      }
    }
  }

  /// The bytes compressed; nil without memory. `level` is 1 for the quickest to 9 for the tightest.
  package static func compress(
    _ bytes: UnsafeRawBufferPointer, _ format: Format, level: Int
  ) -> [UInt8]? {
    guard
      let stream = unsafe apus_zlib_deflate(format == .gzip ? 1 : 0, Int32(clamping: level))
    else { return nil }
    defer { unsafe apus_zlib_close(stream) }
    var compressed = [UInt8](repeating: 0, count: bytes.count / 2 + 1024)
    var used = 0
    var made = 0
    while true {
      let result = unsafe compressed.withUnsafeMutableBytes {
        unsafe run(stream, bytes, &used, $0, &made)
      }
      if result == Int32(APUS_ZLIB_END.rawValue) {
        compressed.removeLast(compressed.count - made)
        return compressed
      }
      guard result == Int32(APUS_ZLIB_MORE.rawValue) else { return nil }
      if made == compressed.count { compressed += [UInt8](repeating: 0, count: compressed.count) }
    }
  }

  /// Goes on from the first `used` bytes of the input and the first `made` of the output.
  private static func run(
    _ stream: OpaquePointer, _ bytes: UnsafeRawBufferPointer, _ used: inout Int,
    _ target: UnsafeMutableRawBufferPointer, _ made: inout Int
  ) -> Int32 {
    var input = unsafe bytes.baseAddress.map {
      unsafe $0.assumingMemoryBound(to: UInt8.self) + used
    }
    var inputSize = bytes.count - used
    var output = unsafe target.baseAddress.map {
      unsafe $0.assumingMemoryBound(to: UInt8.self) + made
    }
    var outputSize = target.count - made
    let result = unsafe apus_zlib_run(stream, &input, &inputSize, &output, &outputSize)
    used = bytes.count - inputSize
    made = target.count - outputSize
    return result
  }

  private static func memory(_ byteCount: Int) throws(Failure) -> Storage {
    do { return try Storage.uninitialized(byteCount: byteCount) } catch { throw .noMemory }
  }
}
#endif
