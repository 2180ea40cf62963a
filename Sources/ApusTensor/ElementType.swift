/// The type of one tensor element.
///
/// Raw values are part of the engine format: append, never renumber.
package enum ElementType: UInt8, Sendable, Hashable, CaseIterable {
  case float32 = 0
  case float64 = 1
  case float16 = 2
  case bfloat16 = 3
  case int8 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case uint8 = 8
  case uint16 = 9
  case uint32 = 10
  case uint64 = 11
  case bool = 12
  case string = 13
  case complex64 = 14
  case complex128 = 15
  case float8e4m3fn = 16
  case float8e4m3fnuz = 17
  case float8e5m2 = 18
  case float8e5m2fnuz = 19
  case float8e8m0 = 20
  case float4e2m1 = 21
  case int4 = 22
  case uint4 = 23
  case int2 = 24
  case uint2 = 25
  case float6e2m3 = 26
  case float6e3m2 = 27

  /// The arithmetic in which reference evaluation computes with this element.
  package enum Arithmetic: Sendable, Hashable {
    case real, signed, unsigned, boolean, text, complex
  }

  package var arithmetic: Arithmetic {
    switch self {
    case .float32, .float64, .float16, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2,
      .float8e5m2fnuz, .float8e8m0, .float4e2m1, .float6e2m3, .float6e3m2:
      .real
    case .int8, .int16, .int32, .int64, .int4, .int2: .signed
    case .uint8, .uint16, .uint32, .uint64, .uint4, .uint2: .unsigned
    case .bool: .boolean
    case .string: .text
    case .complex64, .complex128: .complex
    }
  }

  /// Bits of one element in packed storage; strings have none.
  package var bitWidth: Int {
    switch self {
    case .complex128: 128
    case .float64, .int64, .uint64, .complex64: 64
    case .float32, .int32, .uint32: 32
    case .float16, .bfloat16, .int16, .uint16: 16
    case .int8, .uint8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float8e8m0:
      8
    case .float6e2m3, .float6e3m2: 6
    case .int4, .uint4, .float4e2m1: 4
    case .int2, .uint2: 2
    case .string: 0
    }
  }

  package var isFloatingPoint: Bool { arithmetic == .real }
  package var isInteger: Bool { arithmetic == .signed || arithmetic == .unsigned }

  /// Bytes that `count` packed elements take, or nil where the product leaves `Int`.
  package func byteCount(of count: Int) -> Int? {
    let (bits, overflow) = count.multipliedReportingOverflow(by: bitWidth)
    guard !overflow, bits >= 0, bits <= Int.max - 7 else { return nil }
    return (bits + 7) / 8
  }

  /// The short name of the textual form, such as `f32`.
  package var name: String {
    switch self {
    case .float32: "f32"
    case .float64: "f64"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .int8: "i8"
    case .int16: "i16"
    case .int32: "i32"
    case .int64: "i64"
    case .uint8: "u8"
    case .uint16: "u16"
    case .uint32: "u32"
    case .uint64: "u64"
    case .bool: "bool"
    case .string: "string"
    case .complex64: "c64"
    case .complex128: "c128"
    case .float8e4m3fn: "f8e4m3fn"
    case .float8e4m3fnuz: "f8e4m3fnuz"
    case .float8e5m2: "f8e5m2"
    case .float8e5m2fnuz: "f8e5m2fnuz"
    case .float8e8m0: "f8e8m0"
    case .float4e2m1: "f4e2m1"
    case .int4: "i4"
    case .uint4: "u4"
    case .int2: "i2"
    case .uint2: "u2"
    case .float6e2m3: "f6e2m3"
    case .float6e3m2: "f6e3m2"
    }
  }

  package init?(name: String) {
    guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }
}
