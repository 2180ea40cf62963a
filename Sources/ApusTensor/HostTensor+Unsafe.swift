extension HostTensor {
  /// Calls `body` with the packed bytes; splats are expanded into a temporary first.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    switch content {
    case .dense(let storage, let offset):
      let bytes = unsafe UnsafeRawBufferPointer(
        rebasing: storage.bytes[offset..<(offset + byteCount)])
      return try withExtendedLifetime(storage) { try unsafe body(bytes) }
    case .splat(let storage):
      var expanded = [UInt8](repeating: 0, count: byteCount)
      unsafe expanded.withUnsafeMutableBytes { unsafe repeatElement(of: storage, into: $0) }
      return try unsafe expanded.withUnsafeBytes(body)
    case .texts:
      return try unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  /// Fills memory with the one element that `storage` holds.
  private func repeatElement(of storage: Storage, into target: UnsafeMutableRawBufferPointer) {
    var pattern = unsafe Array(storage.bytes.prefix(max(element.bitWidth / 8, 1)))
    if element.bitWidth < 8, let first = pattern.first {
      // Eight elements end with a byte, whatever their width.
      pattern = PackedBits.bytes(Array(repeating: first, count: 8), width: element.bitWidth)
    }
    guard !pattern.isEmpty else { return }
    if pattern.allSatisfy({ $0 == pattern[0] }) {
      unsafe target.initializeMemory(as: UInt8.self, repeating: pattern[0])
      return
    }
    for index in target.indices { unsafe target[index] = pattern[index % pattern.count] }
  }

  /// A dense tensor that owns its bytes.
  package func copied() throws(TensorError) -> HostTensor {
    if case .texts = content { return self }
    let storage = try Storage.uninitialized(byteCount: byteCount)
    if case .splat(let one) = content {
      unsafe repeatElement(
        of: one, into: UnsafeMutableRawBufferPointer(start: storage.address, count: byteCount))
      return try HostTensor(element, shape: shape, storage: storage)
    }
    unsafe withBytes { bytes in
      if let base = bytes.baseAddress, bytes.count > 0 {
        unsafe storage.address.copyMemory(from: base, byteCount: bytes.count)
      }
    }
    return try HostTensor(element, shape: shape, storage: storage)
  }

  /// A dense tensor from packed bytes, copied.
  package init(
    _ element: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer
  ) throws(TensorError) {
    let needed = try HostTensor.byteCount(element, shape)
    guard bytes.count == needed else {
      throw .sizeMismatch(
        element: element, shape: shape, expectedBytes: needed, foundBytes: bytes.count)
    }
    let storage = try Storage.uninitialized(byteCount: needed)
    if needed > 0, let base = bytes.baseAddress {
      unsafe storage.address.copyMemory(from: base, byteCount: needed)
    }
    try self.init(element, shape: shape, storage: storage)
  }

  /// A dense tensor from packed bytes, copied.
  package init(
    _ element: ElementType, shape: [Int], bytes: [UInt8]
  ) throws(TensorError) {
    let needed = try HostTensor.byteCount(element, shape)
    guard bytes.count == needed else {
      throw .sizeMismatch(
        element: element, shape: shape, expectedBytes: needed, foundBytes: bytes.count)
    }
    let storage = try Storage.uninitialized(byteCount: needed)
    unsafe bytes.withUnsafeBytes { source in
      if needed > 0 {
        unsafe storage.address.copyMemory(from: source.baseAddress!, byteCount: needed)
      }
    }
    try self.init(element, shape: shape, storage: storage)
  }

  /// The packed bytes, copied.
  package var packedBytes: [UInt8] { unsafe withBytes { unsafe Array($0) } }

  /// Splats become dense; dense tensors are returned as they are.
  package func densified() throws(TensorError) -> HostTensor {
    if case .splat = content { return try copied() }
    return self
  }

  /// The address of the first byte of a dense tensor; nil for splats and strings.
  package var denseAddress: UnsafeMutableRawPointer? {
    if case .dense(let storage, let offset) = content {
      unsafe storage.address + offset
    } else {
      nil
    }
  }
}
