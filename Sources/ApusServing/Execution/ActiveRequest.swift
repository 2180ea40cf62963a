/// A request on its way through a model, with the one who waits for it.
struct ActiveRequest: Sendable {
  let prepared: PreparedRequest
  let handle: RequestHandle
  /// Called with each reply after it was counted.
  let reply: @Sendable (Reply) -> Void
  var times: RequestTimes
  /// Its place among the requests whose answers keep their order; nil where they need not.
  var orderTicket: Int?
  /// What only some requests have.
  var additions: Additions?

  /// What sequences and the response cache add to a request. Requests are handed on by value, so that this, which
  /// most are without, stands in one place.
  final class Additions: Sendable {
    /// Input tensors that the server adds: controls and states of sequences.
    let inputs: [NamedTensor]
    /// Why the request cannot run, where that is known before.
    let failure: ServingError?
    /// Handed all outputs of the model before the answer is made.
    let onOutputs: (@Sendable ([NamedTensor]) -> Void)?

    init(
      inputs: [NamedTensor] = [], failure: ServingError? = nil,
      onOutputs: (@Sendable ([NamedTensor]) -> Void)? = nil
    ) {
      self.inputs = inputs
      self.failure = failure
      self.onOutputs = onOutputs
    }
  }

  var request: InferenceRequest { prepared.request }
  var failure: ServingError? { additions?.failure }
  var onOutputs: (@Sendable ([NamedTensor]) -> Void)? { additions?.onOutputs }

  /// All inputs in the model's order.
  var inputs: [NamedTensor] {
    additions.map { prepared.inputs + $0.inputs } ?? prepared.inputs
  }

  init(
    _ prepared: PreparedRequest, handle: RequestHandle, reply: @escaping @Sendable (Reply) -> Void
  ) {
    self.prepared = prepared
    self.handle = handle
    self.reply = reply
    times = RequestTimes(arrival: prepared.request.arrival)
  }

  static let cancelled = ServingError(.cancelled, "Request was cancelled.")
  static let expired = ServingError(.unavailable, "Request timeout expired")
  static let queueFull = ServingError(.unavailable, "Exceeds maximum queue size")
}

extension ServingError {
  /// With the request's id before the message, as clients of the protocol know it.
  func naming(_ request: InferenceRequest) -> ServingError {
    // The step of an ensemble has said it already.
    if message.contains("[request id: ") { return self }
    return prefixed("[request id: \(request.id.isEmpty ? "<id_unknown>" : request.id)] ")
  }
}
