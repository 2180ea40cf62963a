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

    init(_ value: JSONValue) throws(ServingError) {
      for member in try value.asMembers("parameters") {
        let key = member.key
        switch key {
        case "binary_data_size": binarySize = try Self.size(member.value.asUnsigned(key), key)
        case "binary_data": isBinary = try member.value.asBool(key)
        case "classification": classification = try Self.size(member.value.asUnsigned(key), key)
        case "shared_memory_region": region = try member.value.asText(key)
        case "shared_memory_offset": offset = try member.value.asUnsigned(key)
        case "shared_memory_byte_size": byteSize = try member.value.asUnsigned(key)
        default: break
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
