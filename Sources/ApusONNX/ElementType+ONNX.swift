internal import ApusONNXSchema
package import ApusTensor

extension ElementType {
  /// The element type behind a `TensorProto.DataType`; nil for undefined and unknown numbers.
  package init?(onnx code: Int32) {
    switch code {
    case 1: self = .float32
    case 2: self = .uint8
    case 3: self = .int8
    case 4: self = .uint16
    case 5: self = .int16
    case 6: self = .int32
    case 7: self = .int64
    case 8: self = .string
    case 9: self = .bool
    case 10: self = .float16
    case 11: self = .float64
    case 12: self = .uint32
    case 13: self = .uint64
    case 14: self = .complex64
    case 15: self = .complex128
    case 16: self = .bfloat16
    case 17: self = .float8e4m3fn
    case 18: self = .float8e4m3fnuz
    case 19: self = .float8e5m2
    case 20: self = .float8e5m2fnuz
    case 21: self = .uint4
    case 22: self = .int4
    case 23: self = .float4e2m1
    case 24: self = .float8e8m0
    case 25: self = .uint2
    case 26: self = .int2
    case 27: self = .float6e2m3
    case 28: self = .float6e3m2
    default: return nil
    }
  }

  /// The number of the type in `TensorProto.DataType`.
  package var onnxCode: Int32 {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .string: 8
    case .bool: 9
    case .float16: 10
    case .float64: 11
    case .uint32: 12
    case .uint64: 13
    case .complex64: 14
    case .complex128: 15
    case .bfloat16: 16
    case .float8e4m3fn: 17
    case .float8e4m3fnuz: 18
    case .float8e5m2: 19
    case .float8e5m2fnuz: 20
    case .uint4: 21
    case .int4: 22
    case .float4e2m1: 23
    case .float8e8m0: 24
    case .uint2: 25
    case .int2: 26
    case .float6e2m3: 27
    case .float6e3m2: 28
    }
  }

  /// What ONNX calls a `TensorProto.DataType`, for diagnostics.
  static func onnxName(_ code: Int32) -> String {
    if let element = ElementType(onnx: code) { return element.name }
    return code == 0 ? "UNDEFINED" : "data type \(code)"
  }
}
