package import ApusServingSchema
internal import Synchronization

/// Regions of memory that clients on the same machine have made and named.
///
/// A region that is in use when it is unregistered is forgotten at once and closed after its last use.
package final class SharedMemoryRegistry: Sendable {
  /// Clients can make the server read and write memory that it may open; off unless asked for.
  package let isAllowed: Bool
  private let regions = Mutex<[String: Region]>([:])

  private struct Region {
    let object: SharedObject
    let description: Inference_SystemSharedMemoryStatusResponse.RegionStatus
  }

  package init(isAllowed: Bool) { self.isAllowed = isAllowed }

  private func requireAllowed() throws(ServingError) {
    guard isAllowed else {
      throw ServingError(
        .unsupported,
        "shared memory of clients is not allowed; start the server with --allow-client-shm=true")
    }
  }

  /// Opens `byteCount` bytes from `offset` on of the POSIX shared memory object `key`.
  package func registerSystem(
    name: String, key: String, offset: UInt64, byteCount: UInt64
  ) throws(ServingError) {
    try requireAllowed()
    try checkFree(name, kind: "system")
    let object = try SharedObject(key: key, offset: offset, byteCount: byteCount, region: name)
    var description = Inference_SystemSharedMemoryStatusResponse.RegionStatus()
    description.name = name
    description.key = key
    description.offset = offset
    description.byteSize = byteCount
    let region = Region(object: object, description: description)
    let isFirst = regions.withLock { regions in
      guard regions[name] == nil else { return false }
      regions[name] = region
      return true
    }
    if !isFirst { throw Self.taken(name) }
  }

  /// Regions of system memory; the one of that name where it is not empty.
  package func systemStatus(
    name: String
  ) throws(ServingError) -> [Inference_SystemSharedMemoryStatusResponse.RegionStatus] {
    let all = regions.withLock { $0.values.map(\.description) }
    guard !name.isEmpty else { return all.sorted { $0.name < $1.name } }
    guard let one = all.first(where: { $0.name == name }) else { throw Self.unknown(name) }
    return [one]
  }

  /// Forgets a region, or all where the name is empty. An unknown name is no error.
  package func unregisterSystem(name: String) {
    regions.withLock { regions in
      if name.isEmpty { regions.removeAll() } else { regions[name] = nil }
    }
  }

  /// Memory of a GPU, by the 64 bytes of a `cudaIpcMemHandle_t`.
  package func registerCUDA(
    name: String, handle: [UInt8], device: Int, byteCount: UInt64
  ) throws(ServingError) {
    try requireAllowed()
    try checkFree(name, kind: "cuda")
    guard handle.count == 64 else {
      throw ServingError(
        .invalidArgument,
        "failed to register CUDA shared memory region '\(name)': a handle has 64 bytes, found "
          + "\(handle.count)")
    }
    throw ServingError(
      .unsupported,
      "failed to register CUDA shared memory region '\(name)': this server runs models on the CPU "
        + "only; use system shared memory")
  }

  /// Regions of GPU memory: none can be registered.
  package func cudaStatus(
    name: String
  ) throws(ServingError) -> [Inference_CudaSharedMemoryStatusResponse.RegionStatus] {
    if name.isEmpty { return [] }
    throw Self.unknown(name)
  }

  /// Nothing can be registered, so nothing is to be forgotten.
  package func unregisterCUDA(name: String) {}

  /// Holds the bytes of a range for a request. Throws where the region is unknown or the range
  /// leaves it.
  package func lease(_ range: SharedMemoryRange) throws(ServingError) -> SharedMemoryLease {
    guard let region = regions.withLock({ $0[range.region] }) else {
      throw Self.unknown(range.region)
    }
    guard range.offset >= 0, range.offset < region.object.byteCount else {
      throw ServingError(
        .invalidArgument, "Invalid offset for shared memory region: '\(range.region)'")
    }
    guard range.byteCount >= 0, range.byteCount <= region.object.byteCount - range.offset else {
      throw ServingError(
        .invalidArgument, "Invalid offset + byte size for shared memory region: '\(range.region)'")
    }
    return SharedMemoryLease(range: range, object: region.object)
  }

  private func checkFree(_ name: String, kind: String) throws(ServingError) {
    if name.isEmpty {
      throw ServingError(
        .invalidArgument, "'region name' is necessary to register \(kind) shared memory region")
    }
    if regions.withLock({ $0[name] != nil }) { throw Self.taken(name) }
  }

  private static func taken(_ name: String) -> ServingError {
    ServingError(.alreadyExists, "shared memory region '\(name)' already in manager")
  }

  private static func unknown(_ name: String) -> ServingError {
    ServingError(.notFound, "Unable to find shared memory region: '\(name)'")
  }
}
