#if Server
internal import ApusServing

extension InferenceRequest {
  /// Takes one of a client's request parameters: those that the protocol knows to their places, others to
  /// the model. `binary_data_output` is the caller's.
  mutating func set(_ name: String, _ value: JSONValue) throws(ServingError) {
    switch name {
    case "sequence_id":
      let id: CorrelationID
      if case .string(let text) = value {
        id = .text(text)
      } else {
        id = .number(try value.asUnsigned(name))
      }
      sequence = SequencePosition(
        id, isStart: sequence?.isStart ?? false, isEnd: sequence?.isEnd ?? false)
    case "sequence_start": setSequence(to: try value.asBool(name)) { $0.isStart = $1 }
    case "sequence_end": setSequence(to: try value.asBool(name)) { $0.isEnd = $1 }
    case "priority": priority = try value.asUnsigned(name)
    case "timeout": timeout = try value.asUnsigned(name)
    default:
      if name.hasPrefix("triton_") {
        throw ServingError(
          .invalidArgument,
          "parameter keys starting with 'triton_' are reserved for Triton usage and should not be "
            + "specified.")
      }
      parameters[name] = try value.asParameter(name)
    }
  }

  private mutating func setSequence(
    to value: Bool, _ change: (inout SequencePosition, Bool) -> Void
  ) {
    // A start or end without an identity is the scheduler's to refuse, where the model has sequences.
    guard value || sequence != nil else { return }
    var position = sequence ?? SequencePosition(.number(0))
    change(&position, value)
    sequence = position
  }

  /// Names that no header may be forwarded under.
  static let reservedParameters: Set<String> = [
    "sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers",
    "binary_data_output",
  ]
}
#endif
