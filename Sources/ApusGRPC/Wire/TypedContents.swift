#if Server
internal import ApusModelConfig
internal import ApusServing

/// Tensors that come as lists of typed values (`InferTensorContents`).
struct TypedContents {
  /// The elements packed as the protocol's raw contents are.
  private(set) var bytes: [UInt8] = []

  let type: DataType
  let input: String
  private let model: String

  /// Reads the values for an input of a type. Throws where there are values of another type, or that the
  /// type does not hold.
  init(
    _ cursor: WireCursor, type: DataType, input: String, model: String
  ) throws(ServingError) {
    self.type = type
    self.input = input
    self.model = model
    var cursor = cursor
    while let tag = try cursor.tag() {
      guard tag.field >= 1, tag.field <= 8 else {
        try cursor.skip(tag)
        continue
      }
      guard Self.field(of: type) == tag.field else { throw unexpected(tag.field) }
      if tag.field == 8 {
        try append(cursor.content(tag), &cursor)
      } else if tag.type == 2 {
        var packed = cursor.within(try cursor.content(tag))
        while !packed.isAtEnd { try append(&packed) }
      } else {
        try append(&cursor)
      }
    }
  }

  /// The field that holds values of a type; nil for those that only come raw.
  private static func field(of type: DataType) -> Int? {
    switch type {
    case .bool: 1
    case .int8, .int16, .int32: 2
    case .int64: 3
    case .uint8, .uint16, .uint32: 4
    case .uint64: 5
    case .fp32: 6
    case .fp64: 7
    case .bytes: 8
    case .fp16, .bf16: nil
    }
  }

  private func unexpected(_ field: Int) -> ServingError {
    let names = ["BOOL", "INT32", "INT64", "UINT32", "UINT64", "FP32", "FP64", "BYTES"]
    return ServingError(
      .invalidArgument,
      "unexpected explicit tensor data for input tensor '\(input)' for model '\(model)' of type "
        + "'\(names[field - 1])', expected datatype '\(type.name)'")
  }

  private mutating func append(_ cursor: inout WireCursor) throws(ServingError) {
    switch type {
    case .bool: bytes.append(try cursor.varint() == 0 ? 0 : 1)
    case .int8: append(try integer(&cursor, as: Int8.self))
    case .int16: append(try integer(&cursor, as: Int16.self))
    case .int32: append(try integer(&cursor, as: Int32.self))
    case .int64: append(Int64(bitPattern: try cursor.varint()))
    case .uint8: append(try unsigned(&cursor, as: UInt8.self))
    case .uint16: append(try unsigned(&cursor, as: UInt16.self))
    case .uint32: append(try unsigned(&cursor, as: UInt32.self))
    case .uint64: append(try cursor.varint())
    case .fp32: append(try cursor.fixed32())
    case .fp64: append(try cursor.fixed64())
    case .fp16, .bf16, .bytes: throw WireCursor.malformed
    }
  }

  private mutating func append(
    _ range: Range<Int>, _ cursor: inout WireCursor
  ) throws(ServingError) {
    guard let count = UInt32(exactly: range.count) else { throw WireCursor.malformed }
    append(count)
    cursor.copy(range, to: &bytes)
  }

  private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  private func integer<Number: FixedWidthInteger>(
    _ cursor: inout WireCursor, as: Number.Type
  ) throws(ServingError) -> Number {
    let value = Int64(bitPattern: try cursor.varint())
    guard let number = Number(exactly: value) else { throw range("\(value)") }
    return number
  }

  private func unsigned<Number: FixedWidthInteger>(
    _ cursor: inout WireCursor, as: Number.Type
  ) throws(ServingError) -> Number {
    let value = try cursor.varint()
    guard let number = Number(exactly: value) else { throw range("\(value)") }
    return number
  }

  private func range(_ value: String) -> ServingError {
    ServingError(
      .invalidArgument,
      "\(value) of input tensor '\(input)' for model '\(model)' is out of the range of "
        + "'\(type.name)'")
  }
}
#endif
