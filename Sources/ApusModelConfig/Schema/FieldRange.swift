/// The integers that fields hold.
enum FieldRange {
  /// A number of a field's type; nil where the type does not hold it.
  static func integer(
    _ magnitude: UInt64, isNegative: Bool, kind: FieldSchema.Kind
  ) -> ScalarValue? {
    switch kind {
    case .uint32:
      guard !isNegative || magnitude == 0, magnitude <= UInt64(UInt32.max) else { return nil }
      return .unsigned(magnitude)
    case .uint64: return isNegative && magnitude > 0 ? nil : .unsigned(magnitude)
    case .int32:
      guard magnitude <= UInt64(Int32.max) + (isNegative ? 1 : 0) else { return nil }
      return .signed(Int64(bitPattern: isNegative ? 0 &- magnitude : magnitude))
    case .int64:
      guard magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) else { return nil }
      return .signed(Int64(bitPattern: isNegative ? 0 &- magnitude : magnitude))
    default: return nil
    }
  }

  /// The range of a type, for messages.
  static func description(_ kind: FieldSchema.Kind) -> String {
    switch kind {
    case .int32: "\(Int32.min) to \(Int32.max)"
    case .int64: "\(Int64.min) to \(Int64.max)"
    case .uint32: "0 to \(UInt32.max)"
    default: "0 to \(UInt64.max)"
    }
  }
}
