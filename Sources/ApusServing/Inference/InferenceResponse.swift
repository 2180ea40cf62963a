/// One answer of a model. An output that went to shared memory is still listed, with its tensor.
package struct InferenceResponse: Sendable {
  package struct Output: Sendable {
    package let name: String
    package let tensor: ServedTensor
    /// Where the bytes were written; nil where they belong into the answer.
    package let destination: SharedMemoryRange?

    package init(_ name: String, _ tensor: ServedTensor, destination: SharedMemoryRange? = nil) {
      self.name = name
      self.tensor = tensor
      self.destination = destination
    }
  }

  package let model: String
  package let version: Int
  /// The request's.
  package let id: String
  package var parameters: [String: ParameterValue]
  package var outputs: [Output]
  /// The trace of the request, complete when the last copy of the response is gone.
  var trace: ResponseTrace?

  package init(
    model: String, version: Int, id: String, parameters: [String: ParameterValue] = [:],
    outputs: [Output] = []
  ) {
    self.model = model
    self.version = version
    self.id = id
    self.parameters = parameters
    self.outputs = outputs
  }
}

/// What a request is told, in this order: any number of responses, then nothing more after one that
/// is final, after `finished` or after a failure.
package enum Reply: Sendable {
  case response(InferenceResponse, isFinal: Bool)
  /// A decoupled model has sent all its responses before.
  case finished
  case failure(ServingError)

  package var isFinal: Bool {
    switch self {
    case .response(_, let isFinal): isFinal
    case .finished, .failure: true
    }
  }
}
