#if Server
internal import ApusServing
internal import ApusTensor

/// A `ModelInferRequest` whose tensors still lie where they arrived.
struct InferMessage: Sendable {
  struct Input: Sendable {
    var name = ""
    var datatype = ""
    var shape: [Int] = []
    var parameters = WireParameters()
    /// Where the typed contents lie; nil where there are none.
    var contents: Range<Int>?
  }

  struct Output: Sendable {
    var name = ""
    var parameters = WireParameters()
  }

  var model = ""
  var version = ""
  var id = ""
  var parameters = WireParameters()
  var inputs: [Input] = []
  var outputs: [Output] = []
  /// Where the raw contents lie.
  var raw: [Range<Int>] = []
  /// Bytes before the raw contents; nil where other fields stand behind or between them.
  var prefixLength: Int?
  /// The message's bytes.
  let storage: Storage
  /// When the message was there, in nanoseconds of the monotonic clock.
  let arrival: UInt64
}

/// Parameters as they were written.
struct WireParameters: Sendable {
  /// A nil value is one that has no kind.
  private(set) var values: [(name: String, value: ParameterValue?)] = []

  var isEmpty: Bool { values.isEmpty }

  /// The last of a name counts.
  mutating func set(_ name: String, _ value: ParameterValue?) {
    if let index = values.firstIndex(where: { $0.name == name }) {
      values[index].value = value
    } else {
      values.append((name, value))
    }
  }

  /// Whether a name is there, and its value.
  subscript(name: String) -> ParameterValue?? {
    for entry in values where entry.name == name { return .some(entry.value) }
    return nil
  }
}
#endif
