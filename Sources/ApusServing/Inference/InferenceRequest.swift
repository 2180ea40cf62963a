/// A value of a request's or an answer's parameters.
package enum ParameterValue: Hashable, Sendable {
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case double(Double)
  case text(String)
}

/// What tells the sequence that a request belongs to.
package enum CorrelationID: Hashable, Sendable {
  case number(UInt64)
  case text(String)

  /// As messages show it.
  var text: String {
    switch self {
    case .number(let number): "\(number)"
    case .text(let text): text
    }
  }
}

/// A request's place in its sequence.
package struct SequencePosition: Hashable, Sendable {
  package var id: CorrelationID
  package var isStart: Bool
  package var isEnd: Bool

  package init(_ id: CorrelationID, isStart: Bool = false, isEnd: Bool = false) {
    self.id = id
    self.isStart = isStart
    self.isEnd = isEnd
  }
}

/// One output that the client asks for.
package struct RequestedOutput: Sendable {
  package var name: String
  /// The number of classes to answer with instead of the tensor; 0 for the tensor.
  package var classification = 0
  /// Where the client wants the bytes; nil for the answer itself.
  package var destination: SharedMemoryLease?

  package init(_ name: String, classification: Int = 0, destination: SharedMemoryLease? = nil) {
    self.name = name
    self.classification = classification
    self.destination = destination
  }
}

/// A request for inference, whatever protocol it came by. Front ends resolve shared memory of inputs
/// and decode tensors before they make one.
package struct InferenceRequest: Sendable {
  package var model: String
  /// Nil takes the newest version served.
  package var version: Int?
  /// The client's name for it, returned with the answer; empty where it gave none.
  package var id = ""
  /// What the client wrote and the protocol has no meaning for.
  package var parameters = [String: ParameterValue]()
  package var sequence: SequencePosition?
  /// 1 is the highest; 0 takes the model's default.
  package var priority: UInt64 = 0
  /// Longest wait in the queue in microseconds; 0 takes the model's default.
  package var timeout: UInt64 = 0
  package var inputs: [NamedTensor]
  /// Empty asks for all.
  package var outputs: [RequestedOutput] = []
  /// Whether the client can be sent any number of responses; decoupled models ask for it.
  package var acceptsManyResponses = false
  /// Identifies the trace that the client started (W3C `traceparent`); nil where it started none.
  package var traceParent: String?
  /// The front end that it came by, as traces name it.
  package var protocolName = "HTTP"
  /// When the first byte arrived, in nanoseconds of the monotonic clock.
  package var arrival: UInt64

  package init(
    model: String, version: Int? = nil, inputs: [NamedTensor] = [], arrival: UInt64 = Clock.now()
  ) {
    self.model = model
    self.version = version
    self.inputs = inputs
    self.arrival = arrival
  }
}
