internal import CApusPlatform

/// Immutable or uniquely owned bytes behind tensors: allocated (64-byte aligned) or a range of a
/// mapped file. Sharing is by reference; only a unique owner may write.
@safe package final class Storage: @unchecked Sendable {
  package let address: UnsafeMutableRawPointer
  package let byteCount: Int
  private let keepAlive: AnyObject?
  private let release: Release
  /// Whether the bytes may be written at all.
  package let isWritable: Bool

  private enum Release { case free, nothing }

  private init(
    _ address: UnsafeMutableRawPointer, _ byteCount: Int, _ release: Release, _ owner: AnyObject?,
    writable: Bool
  ) {
    unsafe self.address = address
    self.byteCount = byteCount
    self.release = release
    self.keepAlive = owner
    self.isWritable = writable
  }

  /// Zero-filled memory, 64-byte aligned.
  package static func allocate(byteCount: Int) throws(TensorError) -> Storage {
    let storage = try uninitialized(byteCount: byteCount)
    unsafe storage.address.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return storage
  }

  /// Memory whose content is unspecified until written, 64-byte aligned.
  package static func uninitialized(byteCount: Int) throws(TensorError) -> Storage {
    guard byteCount >= 0, byteCount < .max - 64,
      let address = unsafe apus_memory_allocate(blockSize(byteCount))
    else { throw .outOfMemory(byteCount: byteCount) }
    return unsafe Storage(address, byteCount, .free, nil, writable: true)
  }

  /// Throws where so much memory cannot be had. Arrays trap then, so what is about to fill one of a size
  /// that a file names asks here first; small sizes pass unasked.
  package static func require(byteCount: Int) throws(TensorError) {
    if byteCount > 1 << 24 { _ = try uninitialized(byteCount: byteCount) }
  }

  /// Throws where `count` elements of `width` bytes cannot be had.
  package static func require(_ count: Int, of width: Int) throws(TensorError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
    try require(byteCount: overflow ? .max : bytes)
  }

  /// Read-only bytes that `owner` keeps alive, such as a range of a mapped file.
  package static func borrowing(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) -> Storage {
    let address =
      unsafe bytes.baseAddress.map(UnsafeMutableRawPointer.init(mutating:))
      ?? UnsafeMutableRawPointer(bitPattern: 64)!
    return unsafe Storage(address, bytes.count, .nothing, owner, writable: false)
  }

  /// Writable bytes that `owner` keeps alive, such as a range of a session's arena.
  package static func borrowing(
    mutable address: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject
  ) -> Storage {
    unsafe Storage(address, byteCount, .nothing, owner, writable: true)
  }

  /// Whether the bytes stay as they are as long as nobody writes through this storage.
  package var isStable: Bool { release == .free || !isWritable }

  /// Whether the bytes are the owner's own.
  package func isBorrowed(from owner: AnyObject) -> Bool { keepAlive === owner }

  package var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: address, count: byteCount)
  }

  deinit {
    if release == .free { unsafe apus_memory_free(address, Self.blockSize(byteCount)) }
  }

  /// Whole vectors may be read behind the last byte.
  private static func blockSize(_ byteCount: Int) -> Int { (byteCount + 64) & ~63 }
}
