/// A value of a field that is no message, checked against the field's type.
enum ScalarValue: Hashable, Sendable {
  case bool(Bool)
  case signed(Int64)
  case unsigned(UInt64)
  case float(Float)
  case double(Double)
  case text([UInt8])
}
