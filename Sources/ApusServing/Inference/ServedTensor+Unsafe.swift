package import ApusModelConfig
package import ApusTensor

extension ServedTensor {
  /// The bytes as they go over the wire, as long as the call lasts.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    switch content {
    case .dense(let tensor): try unsafe tensor.withBytes(body)
    case .bytes(let strings): try unsafe strings.withBytes(body)
    }
  }

  /// Copies the bytes as they go over the wire to memory that has room for them.
  package func copyBytes(to target: UnsafeMutableRawPointer) {
    if case .dense(let tensor) = content, let address = unsafe tensor.denseAddress {
      withExtendedLifetime(tensor) {
        unsafe target.copyMemory(from: address, byteCount: tensor.byteCount)
      }
      return
    }
    unsafe withBytes { bytes in
      if let base = bytes.baseAddress {
        unsafe target.copyMemory(from: base, byteCount: bytes.count)
      }
    }
  }

  /// Views `byteCount` bytes of `storage` in wire form. Throws, in the protocol's words, where they are
  /// not what `shape` asks for. `name` is the input's, for the message.
  package init(
    _ dataType: DataType, shape: [Int], storage: Storage, offset: Int, byteCount: Int,
    input name: String
  ) throws(ServingError) {
    guard let count = Array.product(shape), shape.allSatisfy({ $0 >= 0 }) else {
      throw ServingError(.invalidArgument, "invalid shape \(shape) for input '\(name)'")
    }
    guard offset >= 0, byteCount >= 0, offset <= storage.byteCount,
      byteCount <= storage.byteCount - offset
    else {
      throw ServingError(
        .invalidArgument, "unexpected size for input '\(name)': the data ends before it")
    }
    if dataType == .bytes {
      do throws(ServingError) {
        try self.init(
          ByteStrings(storage, offset: offset, byteCount: byteCount, count: count), shape: shape)
      } catch { throw ServingError(error.code, "\(error.message) for inference input '\(name)'") }
      return
    }
    try Self.require(dataType, count: count, in: byteCount, input: name)
    do {
      var tensor = try HostTensor(
        dataType.element, shape: shape, storage: storage, byteOffset: offset)
      // Kernels may read elements only where their type may lie.
      let width = max(dataType.element.bitWidth / 8, 1)
      if let address = unsafe tensor.denseAddress, UInt(bitPattern: address) % UInt(width) != 0 {
        tensor = try tensor.copied()
      }
      self.init(tensor, dataType)
    } catch {
      throw ServingError(.invalidArgument, "input '\(name)': \(error)")
    }
  }

  /// As above, of memory that is read when its size is known to be right.
  package init(
    _ dataType: DataType, shape: [Int], reading lease: SharedMemoryLease, input name: String
  ) throws(ServingError) {
    let byteCount = lease.range.byteCount
    if dataType != .bytes, let count = Array.product(shape) {
      try Self.require(dataType, count: count, in: byteCount, input: name)
    }
    try self.init(
      dataType, shape: shape, storage: lease.read(), offset: 0, byteCount: byteCount, input: name)
  }

  /// Throws where `count` elements do not take so many bytes.
  private static func require(
    _ dataType: DataType, count: Int, in byteCount: Int, input name: String
  ) throws(ServingError) {
    let needed = dataType.element.byteCount(of: count)
    guard needed == byteCount else {
      throw ServingError(
        .invalidArgument,
        "input byte size mismatch for input '\(name)'. Expected \(needed ?? .max), got "
          + "\(byteCount)")
    }
  }

  /// As above, copying the bytes.
  package init(
    _ dataType: DataType, shape: [Int], copying bytes: UnsafeRawBufferPointer, input name: String
  ) throws(ServingError) {
    let storage = try Storage.serving(byteCount: bytes.count)
    if let base = bytes.baseAddress, bytes.count > 0 {
      unsafe storage.address.copyMemory(from: base, byteCount: bytes.count)
    }
    try self.init(
      dataType, shape: shape, storage: storage, offset: 0, byteCount: bytes.count, input: name)
  }
}
