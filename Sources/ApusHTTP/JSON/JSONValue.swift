#if Server
internal import ApusServing

/// A number of a JSON text, exact where it is a whole number of 64 bits.
enum JSONNumber: Hashable, Sendable {
  case integer(Int64)
  /// Beyond `Int64`.
  case unsigned(UInt64)
  case double(Double)
}

/// A JSON text as a tree, for the small bodies of control requests.
enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  /// In the order of the text; keys differ.
  case object([Member])

  struct Member: Hashable, Sendable {
    let key: String
    let value: JSONValue
  }

  /// The value of a key; nil where this is no object or lacks it.
  subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a text"
    case .array: "an array"
    case .object: "an object"
    }
  }

  func asBool(_ name: String) throws(ServingError) -> Bool {
    guard case .bool(let value) = self else { throw mismatch(name, "a boolean") }
    return value
  }

  func asText(_ name: String) throws(ServingError) -> String {
    guard case .string(let value) = self else { throw mismatch(name, "a text") }
    return value
  }

  /// A whole number from 0 on.
  func asUnsigned(_ name: String) throws(ServingError) -> UInt64 {
    switch self {
    case .number(.integer(let value)) where value >= 0: return UInt64(value)
    case .number(.unsigned(let value)): return value
    default: throw mismatch(name, "a whole number from 0 on")
    }
  }

  func asMembers(_ name: String) throws(ServingError) -> [Member] {
    guard case .object(let members) = self else { throw mismatch(name, "an object") }
    return members
  }

  /// A parameter of a request.
  func asParameter(_ name: String) throws(ServingError) -> ParameterValue {
    switch self {
    case .bool(let value): return .bool(value)
    case .string(let value): return .text(value)
    case .number(.integer(let value)): return .integer(value)
    case .number(.unsigned(let value)): return .unsigned(value)
    case .number(.double(let value)): return .double(value)
    case .null, .array, .object:
      throw ServingError(
        .invalidArgument,
        "parameter '\(name)' has invalid type: it should be a number, a boolean or a text, found "
          + kind)
    }
  }

  private func mismatch(_ name: String, _ expected: String) -> ServingError {
    ServingError(
      .invalidArgument, "Unable to parse '\(name)': expected \(expected), found \(kind)")
  }
}
#endif
