package import ApusServingSchema
package import ApusTensor

/// The element types of the inference protocol (KServe v2, "Tensor Data Types", and BF16 of Triton's).
package enum DataType: String, Hashable, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case fp16 = "FP16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bytes = "BYTES"
  case bf16 = "BF16"

  /// The name on the wire, such as `FP32`.
  package var name: String { rawValue }

  package var element: ElementType {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .uint16: .uint16
    case .uint32: .uint32
    case .uint64: .uint64
    case .int8: .int8
    case .int16: .int16
    case .int32: .int32
    case .int64: .int64
    case .fp16: .float16
    case .fp32: .float32
    case .fp64: .float64
    case .bytes: .string
    case .bf16: .bfloat16
    }
  }

  /// Nil for element types that the protocol has no name for, such as `f8e4m3fn`.
  package init?(_ element: ElementType) {
    switch element {
    case .bool: self = .bool
    case .uint8: self = .uint8
    case .uint16: self = .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .int8: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .float16: self = .fp16
    case .float32: self = .fp32
    case .float64: self = .fp64
    case .string: self = .bytes
    case .bfloat16: self = .bf16
    case .complex64, .complex128, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0, .float6e2m3, .float6e3m2, .float4e2m1, .int4, .uint4, .int2, .uint2:
      return nil
    }
  }

  /// The type of a name on the wire; nil where it is none.
  package init?(named name: String) {
    guard let match = Self.byName[name] else { return nil }
    self = match
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })

  /// Nil for `TYPE_INVALID` and numbers that this version does not know.
  package init?(_ type: Inference_DataType) {
    guard let match = Self.allCases.first(where: { $0.configType == type }) else { return nil }
    self = match
  }

  /// Its name in model configurations, such as `TYPE_FP32`.
  package var configType: Inference_DataType {
    switch self {
    case .bool: .typeBool
    case .uint8: .typeUint8
    case .uint16: .typeUint16
    case .uint32: .typeUint32
    case .uint64: .typeUint64
    case .int8: .typeInt8
    case .int16: .typeInt16
    case .int32: .typeInt32
    case .int64: .typeInt64
    case .fp16: .typeFp16
    case .fp32: .typeFp32
    case .fp64: .typeFp64
    case .bytes: .typeString
    case .bf16: .typeBf16
    }
  }

  /// Bytes of one element; nil for BYTES, whose elements have sizes of their own.
  package var byteWidth: Int? { self == .bytes ? nil : element.bitWidth / 8 }
}
