extension HostTensor {
  /// Calls `body` with the packed bytes; splats are expanded into a temporary first.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    switch content {
    case .dense(let storage, let offset):
      let bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[offset..<(offset + byteCount)])
      return try withExtendedLifetime(storage) { try body(bytes) }
    case .splat(let storage):
      let width = element.bitWidth
      var expanded = [UInt8](repeating: 0, count: byteCount)
      if width >= 8 {
        let size = width / 8
        for index in expanded.indices { expanded[index] = storage.bytes[index % size] }
      } else {
        let mask = UInt8((1 << width) - 1)
        let value = storage.bytes[0] & mask
        var byte: UInt8 = 0
        for shift in stride(from: 0, to: 8, by: width) { byte |= value << UInt8(shift) }
        for index in expanded.indices { expanded[index] = byte }
      }
      return try expanded.withUnsafeBytes(body)
    case .texts:
      return try body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
  }

  /// A dense tensor that owns its bytes.
  package func copied() throws(TensorError) -> HostTensor {
    if case .texts = content { return self }
    let storage = try Storage.uninitialized(byteCount: byteCount)
    withBytes { bytes in
      if let base = bytes.baseAddress, bytes.count > 0 {
        storage.address.copyMemory(from: base, byteCount: bytes.count)
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
      storage.address.copyMemory(from: base, byteCount: needed)
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
    bytes.withUnsafeBytes { source in
      if needed > 0 { storage.address.copyMemory(from: source.baseAddress!, byteCount: needed) }
    }
    try self.init(element, shape: shape, storage: storage)
  }

  /// The packed bytes, copied.
  package var packedBytes: [UInt8] { withBytes { Array($0) } }

  /// Splats become dense; dense tensors are returned as they are.
  package func densified() throws(TensorError) -> HostTensor {
    if case .splat = content { return try copied() }
    return self
  }

  /// The address of the first byte of a dense tensor; nil for splats and strings.
  package var denseAddress: UnsafeMutableRawPointer? {
    if case .dense(let storage, let offset) = content { storage.address + offset } else { nil }
  }
}
