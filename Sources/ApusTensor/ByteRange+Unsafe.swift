/// A range of immutable bytes that keeps its storage alive; every access is checked.
package struct ByteRange: Sendable {
  package let storage: Storage
  /// From the start of `storage`.
  package let offset: Int
  package let count: Int

  package init(_ storage: Storage) {
    self.storage = storage
    self.offset = 0
    self.count = storage.byteCount
  }

  private init(_ storage: Storage, _ offset: Int, _ count: Int) {
    self.storage = storage
    self.offset = offset
    self.count = count
  }

  package init(copying bytes: [UInt8]) throws(TensorError) {
    let storage = try Storage.uninitialized(byteCount: bytes.count)
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress, source.count > 0 {
        unsafe storage.address.copyMemory(from: start, byteCount: source.count)
      }
    }
    self.init(storage)
  }

  /// The byte at an index, or nil behind the end.
  package subscript(index: Int) -> UInt8? {
    guard index >= 0, index < count else { return nil }
    return unsafe storage.address.load(fromByteOffset: offset + index, as: UInt8.self)
  }

  /// `count` bytes from `start` on, or nil where the range does not hold them.
  package func slice(at start: Int, count: Int) -> ByteRange? {
    guard start >= 0, count >= 0, start <= self.count, self.count - start >= count else {
      return nil
    }
    return ByteRange(storage, offset + start, count)
  }

  /// A little-endian integer, or nil where the range ends before it does.
  package func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    at start: Int, as type: Value.Type
  ) -> Value? {
    guard slice(at: start, count: MemoryLayout<Value>.size) != nil else { return nil }
    return unsafe Value(
      littleEndian: storage.address.loadUnaligned(fromByteOffset: offset + start, as: type))
  }

  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    let bytes = unsafe UnsafeRawBufferPointer(start: storage.address + offset, count: count)
    return try withExtendedLifetime(storage) { try unsafe body(bytes) }
  }

  package var array: [UInt8] { unsafe withBytes { unsafe Array($0) } }

  package func starts(with prefix: String) -> Bool {
    let wanted = Array(prefix.utf8)
    guard let start = slice(at: 0, count: wanted.count) else { return false }
    return start.array == wanted
  }

  package func tensor(_ element: ElementType, shape: [Int]) throws(TensorError) -> HostTensor {
    let needed = try HostTensor.byteCount(element, shape)
    guard needed == count else {
      throw .sizeMismatch(
        element: element, shape: shape, expectedBytes: needed, foundBytes: count)
    }
    return try HostTensor(element, shape: shape, storage: storage, byteOffset: offset)
  }
}

/// CRC-32 (ISO-HDLC, as in zip and zlib), eight bytes at a time.
package struct CRC32: Sendable {
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for index in 0..<256 {
      var value = UInt32(index)
      for _ in 0..<8 { value = value & 1 != 0 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[index] = value
    }
    for table in 1..<8 {
      for index in 0..<256 {
        let last = tables[(table - 1) * 256 + index]
        tables[table * 256 + index] = last >> 8 ^ tables[Int(last & 255)]
      }
    }
    return tables
  }()

  private var state: UInt32 = 0xFFFF_FFFF

  package init() {}

  package var value: UInt32 { ~state }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var state = self.state
    unsafe Self.tables.withUnsafeBufferPointer { table in
      var index = 0
      while index + 8 <= bytes.count {
        let word = unsafe UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let low = UInt32(truncatingIfNeeded: word) ^ state
        let high = UInt32(truncatingIfNeeded: word >> 32)
        state = unsafe table[1792 + Int(low & 255)] ^ table[1536 + Int(low >> 8 & 255)]
        unsafe state ^= table[1280 + Int(low >> 16 & 255)] ^ table[1024 + Int(low >> 24)]
        unsafe state ^= table[768 + Int(high & 255)] ^ table[512 + Int(high >> 8 & 255)]
        unsafe state ^= table[256 + Int(high >> 16 & 255)] ^ table[Int(high >> 24)]
        index += 8
      }
      while index < bytes.count {
        state = unsafe state >> 8 ^ table[Int((state ^ UInt32(bytes[index])) & 255)]
        index += 1
      }
    }
    self.state = state
  }

  package mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  package static func of(_ range: ByteRange) -> UInt32 {
    var sum = CRC32()
    unsafe range.withBytes { unsafe sum.update($0) }
    return sum.value
  }
}
