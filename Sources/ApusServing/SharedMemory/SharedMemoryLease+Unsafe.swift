package import ApusTensor
internal import CApusPlatform

/// An open object of POSIX shared memory; closed with its last user.
final class SharedObject: Sendable {
  private let descriptor: Int32
  private let offset: UInt64
  let byteCount: Int

  /// Throws where there is no such object, or it is smaller.
  init(key: String, offset: UInt64, byteCount: UInt64, region: String) throws(ServingError) {
    func failure(_ reason: String) -> ServingError {
      ServingError(
        .invalidArgument, "failed to register shared memory region '\(region)': \(reason)")
    }
    let end = offset.addingReportingOverflow(byteCount)
    guard byteCount > 0, let size = Int(exactly: byteCount), !end.overflow,
      Int(exactly: end.partialValue) != nil
    else { throw failure("invalid args") }
    var found: UInt64 = 0
    let opened = unsafe apus_shared_memory_open(key, &found)
    guard opened >= 0 else { throw failure("Unable to open shared memory region: '\(key)'") }
    descriptor = opened
    self.offset = offset
    self.byteCount = size
    guard end.partialValue <= found else {
      throw failure("invalid args: the object '\(key)' has \(found) bytes")
    }
  }

  func read(_ range: Range<Int>, into storage: Storage) -> Bool {
    unsafe apus_shared_memory_read(
      descriptor, offset + UInt64(range.lowerBound), storage.address, UInt64(range.count)) == 0
  }

  func write(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
    return unsafe apus_shared_memory_write(
      descriptor, offset + UInt64(position), base, UInt64(bytes.count)) == 0
  }

  deinit { apus_shared_memory_close(descriptor) }
}

/// The right to use a range of a region while a request is under way.
package struct SharedMemoryLease: Sendable {
  package let range: SharedMemoryRange
  private let object: SharedObject

  init(range: SharedMemoryRange, object: SharedObject) {
    self.range = range
    self.object = object
  }

  /// A copy of the bytes.
  package func read() throws(ServingError) -> Storage {
    let storage = try Storage.serving(byteCount: range.byteCount)
    guard object.read(range.offset..<(range.offset + range.byteCount), into: storage) else {
      throw gone
    }
    return storage
  }

  /// Writes a tensor's wire form to the start of the range. Throws where it is too large.
  func write(_ tensor: ServedTensor, output name: String) throws(ServingError) {
    guard tensor.byteCount <= range.byteCount else {
      throw ServingError(
        .invalidArgument,
        "shared memory size specified with the request for output '\(name)' (\(range.byteCount) "
          + "bytes) should be at least \(tensor.byteCount) bytes to hold the results")
    }
    guard unsafe tensor.withBytes({ unsafe object.write($0, at: range.offset) }) else { throw gone }
  }

  private var gone: ServingError {
    ServingError(
      .invalidArgument,
      "shared memory region '\(range.region)' is smaller than when it was registered")
  }
}
