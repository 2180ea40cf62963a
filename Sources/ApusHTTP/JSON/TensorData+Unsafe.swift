#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor

extension JSONReader {
  /// Reads a tensor's `data`, an array flat or nested, into memory of its type. Throws where there are not
  /// exactly `shape`'s elements, or one does not fit the type.
  mutating func tensor(
    _ dataType: DataType, shape: [Int], input name: String
  ) throws(ServingError) -> ServedTensor {
    guard let count = Array.product(shape) else {
      throw ServingError(
        .invalidArgument,
        "invalid shape for input '\(name)': shape \(shape) causes total element count to exceed "
          + "maximum size of \(Int.max)")
    }
    switch dataType {
    case .fp16, .bf16:
      throw ServingError(
        .invalidArgument,
        "receiving \(dataType.name) data via JSON is not supported. Please use the binary data "
          + "format for input \(name)")
    case .bytes: return try texts(count, shape: shape, input: name)
    case .bool:
      return try fill(dataType, shape, count, name) { (reader) throws(ServingError) -> UInt8 in
        try reader.bool() ? 1 : 0
      }
    case .uint8: return try integers(UInt8.self, dataType, shape, count, name)
    case .uint16: return try integers(UInt16.self, dataType, shape, count, name)
    case .uint32: return try integers(UInt32.self, dataType, shape, count, name)
    case .uint64: return try integers(UInt64.self, dataType, shape, count, name)
    case .int8: return try integers(Int8.self, dataType, shape, count, name)
    case .int16: return try integers(Int16.self, dataType, shape, count, name)
    case .int32: return try integers(Int32.self, dataType, shape, count, name)
    case .int64: return try integers(Int64.self, dataType, shape, count, name)
    case .fp32:
      return try fill(dataType, shape, count, name) { (reader) throws(ServingError) -> Float in
        try reader.float()
      }
    case .fp64:
      return try fill(dataType, shape, count, name) { (reader) throws(ServingError) -> Double in
        try reader.double()
      }
    }
  }

  private mutating func integers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, _ dataType: DataType, _ shape: [Int], _ count: Int, _ name: String
  ) throws(ServingError) -> ServedTensor {
    try fill(dataType, shape, count, name) { (reader) throws(ServingError) -> Value in
      try reader.integer(type, dataType.name)
    }
  }

  @inline(__always)
  private mutating func fill<Value: BitwiseCopyable>(
    _ dataType: DataType, _ shape: [Int], _ count: Int, _ name: String,
    element: (inout JSONReader) throws(ServingError) -> Value
  ) throws(ServingError) -> ServedTensor {
    // An element takes a byte of text and a comma, so that no shape makes memory out of nothing.
    guard count <= (bytes.count - position) / 2 + 1 else {
      throw shapeMismatch(name, shape, found: nil)
    }
    let width = MemoryLayout<Value>.stride
    let storage = try Storage.forBody(byteCount: count * width)
    var done = 0
    try elements(name) { (reader) throws(ServingError) in
      guard done < count else { throw reader.shapeMismatch(name, shape, found: nil) }
      let value = try element(&reader)
      unsafe storage.address.storeBytes(of: value, toByteOffset: done * width, as: Value.self)
      done += 1
    }
    guard done == count else { throw shapeMismatch(name, shape, found: done) }
    return try ServedTensor(
      dataType, shape: shape, storage: storage, offset: 0, byteCount: count * width, input: name)
  }

  private mutating func texts(
    _ count: Int, shape: [Int], input name: String
  ) throws(ServingError) -> ServedTensor {
    var wire: [UInt8] = []
    var done = 0
    try elements(name) { (reader) throws(ServingError) in
      guard done < count else { throw reader.shapeMismatch(name, shape, found: nil) }
      let place = wire.count
      wire.append(contentsOf: [0, 0, 0, 0])
      guard let length = UInt32(exactly: try reader.appendText(to: &wire)) else {
        throw reader.failure("a text of more than 4 GiB")
      }
      for byte in 0..<4 { wire[place + byte] = UInt8(truncatingIfNeeded: length >> (8 * byte)) }
      done += 1
    }
    guard done == count else { throw shapeMismatch(name, shape, found: done) }
    let view = try ByteView(wire)
    return try ServedTensor(
      .bytes, shape: shape, storage: view.storage, offset: 0, byteCount: wire.count, input: name)
  }

  /// Reads a value without brackets as the one element of a tensor.
  mutating func single(
    _ dataType: DataType, shape: [Int], input name: String
  ) throws(ServingError) -> ServedTensor {
    isSingle = true
    defer { isSingle = false }
    return try tensor(dataType, shape: shape, input: name)
  }

  /// Calls `element` at each value of an array and of the arrays in it.
  @inline(__always)
  private mutating func elements(
    _ name: String, _ element: (inout JSONReader) throws(ServingError) -> Void
  ) throws(ServingError) {
    skipSpace()
    if isSingle { return try element(&self) }
    guard peek == 0x5B else { throw expected("an array as the data of input '\(name)'") }
    try enterArray()
    var isFirst: [Bool] = [true]
    while let last = isFirst.indices.last {
      guard try nextElement(&isFirst[last]) else {
        isFirst.removeLast()
        continue
      }
      if peek == 0x5B {
        try enterArray()
        isFirst.append(true)
      } else {
        do throws(ServingError) { try element(&self) } catch {
          throw ServingError(
            error.code, "Unable to parse 'data' of input '\(name)': \(error.message)")
        }
      }
    }
  }

  private func shapeMismatch(_ name: String, _ shape: [Int], found: Int?) -> ServingError {
    let told = found.map { "\($0)" } ?? "a different number of"
    return ServingError(
      .invalidArgument,
      "Unable to parse 'data': shape \(shape) of input '\(name)' does not match true shape of 'data' "
        + "field, which has \(told) elements")
  }
}
#endif
