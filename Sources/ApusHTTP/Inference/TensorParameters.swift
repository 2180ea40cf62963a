#if Server
internal import ApusServing

/// The parameters of an input or an output that the protocol knows; others are nobody's.
struct TensorParameters {
  private(set) var binarySize: Int?
  private(set) var isBinary: Bool?
  private(set) var classification: Int?
  private(set) var region: String?
  private var offset: UInt64 = 0
  private var byteSize: UInt64 = 0

  init() {}

  private static let keys = [
    "binary_data_size", "binary_data", "classification", "shared_memory_region",
    "shared_memory_offset", "shared_memory_byte_size",
  ]

  /// Reads the object that comes next.
  init(_ reader: inout JSONReader) throws(ServingError) {
    try reader.enterObject()
    var seen: UInt32 = 0
    var isFirst = true
    while let place = try reader.nextKey(of: Self.keys, &seen, &isFirst) {
      guard place < Self.keys.count else {
        try reader.skipValue()
        continue
      }
      let key = Self.keys[place]
      let value = try reader.value()
      switch place {
      case 0: binarySize = try Self.size(value.asUnsigned(key), key)
      case 1: isBinary = try value.asBool(key)
      case 2: classification = try Self.size(value.asUnsigned(key), key)
      case 3: region = try value.asText(key)
      case 4: offset = try value.asUnsigned(key)
      default: byteSize = try value.asUnsigned(key)
      }
    }
  }

  private static func size(_ value: UInt64, _ key: String) throws(ServingError) -> Int {
    guard let size = Int(exactly: value) else {
      throw ServingError(.invalidArgument, "Unable to parse '\(key)': \(value) is too large")
    }
    return size
  }

  /// The shared memory that is named; nil where none is.
  func range() throws(ServingError) -> SharedMemoryRange? {
    guard let region else { return nil }
    guard let offset = Int(exactly: offset) else {
      throw ServingError(
        .invalidArgument, "Invalid offset for shared memory region: '\(region)'")
    }
    guard let byteCount = Int(exactly: byteSize) else {
      throw ServingError(
        .invalidArgument, "Invalid offset + byte size for shared memory region: '\(region)'")
    }
    return SharedMemoryRange(region: region, offset: offset, byteCount: byteCount)
  }
}
#endif
