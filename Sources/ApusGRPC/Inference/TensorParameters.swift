#if Server
internal import ApusServing

extension WireParameters {
  /// The shared memory that the parameters of tensor `name` point to; nil where they name none.
  func sharedMemory(of name: String) throws(ServingError) -> SharedMemoryRange? {
    guard !isEmpty else { return nil }
    guard let region = self["shared_memory_region"] else {
      for key in ["shared_memory_offset", "shared_memory_byte_size"] where self[key] != nil {
        throw ServingError(
          .invalidArgument,
          "'\(key)' can not be specified without 'shared_memory_region' parameter for tensor "
            + "'\(name)'")
      }
      return nil
    }
    guard case .text(let region)? = region else {
      throw Self.wrong("shared_memory_region", of: name, "string_param")
    }
    guard let byteCount = try integer("shared_memory_byte_size", of: name) else {
      throw ServingError(
        .invalidArgument,
        "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter "
          + "for tensor '\(name)'")
    }
    let offset = try integer("shared_memory_offset", of: name) ?? 0
    return SharedMemoryRange(region: region, offset: offset, byteCount: byteCount)
  }

  /// The number of classes that an output is asked for; nil where it is not.
  func classification() throws(ServingError) -> Int? {
    guard let value = self["classification"] else { return nil }
    guard case .integer(let count)? = value else {
      throw ServingError(
        .invalidArgument,
        "invalid value type for 'classification' parameter, expected int64_param")
    }
    guard count > 0, let count = Int(exactly: count) else {
      throw ServingError(
        .invalidArgument, "invalid value for 'classification' parameter, expected >= 1")
    }
    return count
  }

  private func integer(_ key: String, of name: String) throws(ServingError) -> Int? {
    guard let value = self[key] else { return nil }
    switch value {
    case .integer(let number):
      guard number >= 0 else {
        throw ServingError(
          .invalidArgument, "'\(key)' of tensor '\(name)' is negative: \(number)")
      }
      return Int(number)
    case .unsigned(let number):
      guard let number = Int(exactly: number) else {
        throw ServingError(.invalidArgument, "'\(key)' of tensor '\(name)' is too large")
      }
      return number
    default: throw Self.wrong(key, of: name, "int64_param")
    }
  }

  private static func wrong(_ key: String, of name: String, _ kind: String) -> ServingError {
    ServingError(
      .invalidArgument,
      "invalid value type for '\(key)' parameter for tensor '\(name)', expected \(kind).")
  }
}
#endif
