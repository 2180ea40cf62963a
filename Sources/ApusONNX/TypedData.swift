internal import ApusONNXSchema
internal import ApusTensor

/// The typed lists of a `TensorProto`: one entry an element, or a packed group of elements.
/// Source: the comments of `TensorProto` in onnx.proto.
struct TypedData {
  private let proto: Onnx_TensorProto
  private let element: ElementType
  private let shape: [Int]
  private let count: Int

  init(_ proto: Onnx_TensorProto, _ element: ElementType, _ shape: [Int]) throws(TensorError) {
    guard let count = Array.product(shape) else { throw .tooLarge(element: element, shape: shape) }
    self.proto = proto
    self.element = element
    self.shape = shape
    self.count = count
  }

  func tensor() throws(TensorError) -> HostTensor {
    switch element {
    case .float32:
      try expect(proto.floatData.count, count)
      return try packed(proto.floatData.map(\.bitPattern))
    case .complex64:
      try expectPairs(proto.floatData.count)
      return try packed(proto.floatData.map(\.bitPattern))
    case .float64:
      try expect(proto.doubleData.count, count)
      return try packed(proto.doubleData.map(\.bitPattern))
    case .complex128:
      try expectPairs(proto.doubleData.count)
      return try packed(proto.doubleData.map(\.bitPattern))
    case .int64:
      try expect(proto.int64Data.count, count)
      return try packed(proto.int64Data)
    case .uint64:
      try expect(proto.uint64Data.count, count)
      return try packed(proto.uint64Data)
    case .uint32:
      try expect(proto.uint64Data.count, count)
      return try packed(proto.uint64Data.map(UInt32.init(truncatingIfNeeded:)))
    case .int32:
      try expect(proto.int32Data.count, count)
      return try packed(proto.int32Data)
    case .int16, .uint16, .float16, .bfloat16:
      try expect(proto.int32Data.count, count)
      return try packed(proto.int32Data.map(UInt16.init(truncatingIfNeeded:)))
    case .bool:
      try expect(proto.int32Data.count, count)
      return try packed(proto.int32Data.map { $0 == 0 ? UInt8(0) : 1 })
    case .int8, .uint8, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0:
      try expect(proto.int32Data.count, count)
      return try packed(proto.int32Data.map(UInt8.init(truncatingIfNeeded:)))
    case .int4, .uint4, .float4e2m1, .int2, .uint2:
      let bytes = try HostTensor.byteCount(element, shape)
      try expect(proto.int32Data.count, bytes)
      return try packed(proto.int32Data.map(UInt8.init(truncatingIfNeeded:)))
    case .float6e2m3, .float6e3m2:
      try expect(proto.int32Data.count, count)
      let codes = proto.int32Data.map { UInt8(truncatingIfNeeded: $0) }
      return try HostTensor(element, shape: shape, bytes: PackedBits.bytes(codes, width: 6))
    case .string:
      try expect(proto.stringData.count, count)
      return try HostTensor(
        texts: proto.stringData.map { String(decoding: $0, as: UTF8.self) }, shape: shape)
    }
  }

  private func expect(_ found: Int, _ expected: Int) throws(TensorError) {
    guard found == expected else { throw .elementCount(expected: expected, found: found) }
  }

  private func expectPairs(_ found: Int) throws(TensorError) {
    guard found % 2 == 0, found / 2 == count else {
      throw .elementCount(expected: count, found: found / 2)
    }
  }

  private func packed<Word: FixedWidthInteger>(_ words: [Word]) throws(TensorError) -> HostTensor {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * Word.bitWidth / 8)
    for word in words {
      for shift in stride(from: 0, to: Word.bitWidth, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> Word(shift)))
      }
    }
    return try HostTensor(element, shape: shape, bytes: bytes)
  }
}
