package import ApusTensor

/// The elements of a BYTES tensor as they lie on the wire: each a little-endian 32-bit length and so
/// many bytes of any value. Nothing is decoded before somebody asks.
@safe package struct ByteStrings: Sendable {
  private let storage: Storage
  private let offset: Int
  package let byteCount: Int
  /// Elements.
  package let count: Int

  /// Takes `byteCount` bytes of `storage` from `offset` on. Throws where they are not exactly `count`
  /// elements.
  package init(
    _ storage: Storage, offset: Int, byteCount: Int, count: Int
  ) throws(ServingError) {
    guard offset >= 0, byteCount >= 0, offset <= storage.byteCount,
      byteCount <= storage.byteCount - offset
    else { throw ServingError(.internalFailure, "a BYTES tensor outside of its memory") }
    self.storage = storage
    self.offset = offset
    self.byteCount = byteCount
    self.count = count
    var position = 0
    var found = 0
    while position < byteCount {
      guard byteCount - position >= 4 else {
        throw ServingError(
          .invalidArgument, "incomplete string length: \(byteCount - position) bytes are left")
      }
      let length = self.length(at: position)
      position += 4
      guard length <= byteCount - position else {
        throw ServingError(
          .invalidArgument,
          "incomplete string data: expecting string of length \(length) but only "
            + "\(byteCount - position) bytes available")
      }
      position += length
      found += 1
    }
    guard found == count else {
      throw ServingError(.invalidArgument, "expected \(count) string elements, got \(found)")
    }
  }

  /// Copies elements into the wire form.
  package init<Elements: Sequence>(_ elements: Elements) throws(ServingError)
  where Elements.Element: Collection, Elements.Element.Element == UInt8 {
    var bytes: [UInt8] = []
    var count = 0
    for element in elements {
      guard let length = UInt32(exactly: element.count) else {
        throw ServingError(.invalidArgument, "a string of more than 4 GiB")
      }
      unsafe withUnsafeBytes(of: length.littleEndian) { unsafe bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: element)
      count += 1
    }
    let storage = try Storage.serving(byteCount: bytes.count)
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress, source.count > 0 else { return }
      unsafe storage.address.copyMemory(from: base, byteCount: source.count)
    }
    self.init(storage, byteCount: bytes.count, count: count)
  }

  /// Takes over what is known to be so many elements.
  private init(_ storage: Storage, byteCount: Int, count: Int) {
    self.storage = storage
    self.offset = 0
    self.byteCount = byteCount
    self.count = count
  }

  /// The same elements in memory of their own.
  func copied() throws(ServingError) -> ByteStrings {
    let copy = try Storage.serving(byteCount: byteCount)
    if byteCount > 0 {
      unsafe copy.address.copyMemory(from: storage.address + offset, byteCount: byteCount)
    }
    return ByteStrings(copy, byteCount: byteCount, count: count)
  }

  /// The wire form, as long as the call lasts.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    try withExtendedLifetime(storage) {
      try unsafe body(UnsafeRawBufferPointer(start: storage.address + offset, count: byteCount))
    }
  }

  private func length(at position: Int) -> Int {
    Int(
      UInt32(
        littleEndian: unsafe storage.address.loadUnaligned(
          fromByteOffset: offset + position, as: UInt32.self)))
  }

  /// Copies of the elements, in order.
  package var elements: [[UInt8]] {
    var result: [[UInt8]] = []
    result.reserveCapacity(count)
    var position = 0
    while position < byteCount {
      let length = length(at: position)
      let start = unsafe storage.address + (offset + position + 4)
      unsafe result.append([UInt8](UnsafeRawBufferPointer(start: start, count: length)))
      position += 4 + length
    }
    return result
  }

  /// Elements `range`, sharing memory.
  package func slice(_ range: Range<Int>) throws(ServingError) -> ByteStrings {
    var position = 0
    var start = 0
    for index in 0..<range.upperBound {
      if index == range.lowerBound { start = position }
      guard position < byteCount else {
        throw ServingError(.internalFailure, "a slice outside of a BYTES tensor")
      }
      position += 4 + length(at: position)
    }
    if range.lowerBound == range.upperBound { start = position }
    return try ByteStrings(
      storage, offset: offset + start, byteCount: position - start, count: range.count)
  }
}
