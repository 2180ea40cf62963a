#if Server
internal import ApusServing
internal import ApusTensor
internal import NIOCore

/// Collects the parts of a body in one piece of memory, copying each byte once.
///
/// The byte after the JSON text lies at a multiple of 64, so that tensors are mostly used where they arrived.
struct BodyCollector {
  private var storage: Storage
  private var capacity: Int
  /// Unused bytes before the body.
  private let lead: Int
  private(set) var count = 0

  /// Memory beyond this is taken as the body comes, not as its length is announced.
  private static let firstCapacity = 16 << 20

  /// `expected` is the length that the client announced, `headerLength` that of the JSON text in it.
  init(expected: Int?, headerLength: Int?) throws(ServingError) {
    let length = headerLength ?? 0
    lead = length > 0 ? (64 - length % 64) % 64 : 0
    capacity = min(expected ?? 4096, Self.firstCapacity)
    storage = try Storage.forBody(byteCount: lead + capacity)
  }

  mutating func append(_ part: ByteBuffer) throws(ServingError) {
    let size = part.readableBytes
    guard size > 0 else { return }
    if size > capacity - count { try grow(by: size) }
    unsafe part.withUnsafeReadableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      unsafe (storage.address + lead + count).copyMemory(from: base, byteCount: bytes.count)
    }
    count += size
  }

  private mutating func grow(by size: Int) throws(ServingError) {
    let needed = count.addingReportingOverflow(size)
    let doubled = capacity.multipliedReportingOverflow(by: 2)
    guard !needed.overflow, !doubled.overflow else {
      throw ServingError(.unavailable, "no memory for a body of this size")
    }
    capacity = max(needed.partialValue, doubled.partialValue)
    let larger = try Storage.forBody(byteCount: lead + capacity)
    unsafe (larger.address + lead).copyMemory(from: storage.address + lead, byteCount: count)
    storage = larger
  }

  /// What was collected.
  var body: ByteView { ByteView(storage, offset: lead, count: count) }
}
#endif
