#if Server
internal import ApusServing

/// What the parameters of a request say about the request itself.
struct RequestParameters {
  private(set) var sequence: SequencePosition?
  private(set) var priority: UInt64 = 0
  private(set) var timeout: UInt64 = 0
  /// Parameters that are the model's.
  private(set) var others: [String: ParameterValue] = [:]
  /// Whether a decoupled model's end is told by an answer of its own.
  private(set) var wantsEmptyFinalResponse = false

  private static let emptyFinal = "triton_enable_empty_final_response"
  /// Parameters that no header may set.
  static let reserved: Set<String> = [
    "sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers",
    "binary_data_output",
  ]

  init(_ parameters: WireParameters) throws(ServingError) {
    var id: CorrelationID?
    var isStart = false
    var isEnd = false
    for (name, value) in parameters.values {
      switch name {
      case "sequence_id": id = try Self.correlation(value)
      case "sequence_start": isStart = try Self.bool(name, value)
      case "sequence_end": isEnd = try Self.bool(name, value)
      case "priority": priority = try Self.count(name, value, "expected value >= 0.")
      case "timeout": timeout = try Self.count(name, value, "expected value >= 0.")
      case Self.emptyFinal: wantsEmptyFinalResponse = try Self.bool(name, value)
      default: others[name] = try Self.other(name, value)
      }
    }
    // A start or end without an identity is the scheduler's to refuse, where the model has sequences.
    if id != nil || isStart || isEnd {
      sequence = SequencePosition(id ?? .number(0), isStart: isStart, isEnd: isEnd)
    }
  }

  private static func correlation(_ value: ParameterValue?) throws(ServingError) -> CorrelationID {
    switch value {
    case .integer(let number): return .number(UInt64(bitPattern: number))
    case .unsigned(let number): return .number(number)
    case .text(let text): return .text(text)
    default: throw wrong("sequence_id", "int64_param or string_param.")
    }
  }

  private static func bool(_ name: String, _ value: ParameterValue?) throws(ServingError) -> Bool {
    guard case .bool(let flag)? = value else { throw wrong(name, "bool_param.") }
    return flag
  }

  private static func count(
    _ name: String, _ value: ParameterValue?, _ range: String
  ) throws(ServingError) -> UInt64 {
    switch value {
    case .integer(let number):
      guard let count = UInt64(exactly: number) else {
        throw ServingError(.invalidArgument, "invalid value for '\(name)', \(range)")
      }
      return count
    case .unsigned(let number): return number
    default: throw wrong(name, "int64_param or uint64_param.")
    }
  }

  private static func other(
    _ name: String, _ value: ParameterValue?
  ) throws(ServingError) -> ParameterValue {
    guard !name.hasPrefix("triton_") else {
      throw ServingError(
        .invalidArgument,
        "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following "
          + "keys starting with 'triton_' are allowed: \(emptyFinal)")
    }
    guard let value else {
      throw wrong(name, "int64_param, bool_param, or string_param.")
    }
    return value
  }

  private static func wrong(_ name: String, _ kinds: String) -> ServingError {
    ServingError(
      .invalidArgument, "invalid value type for '\(name)' parameter, expected \(kinds)")
  }
}
#endif
