/// Answers requests: counts them, makes what the client asked for of the model's outputs, and keeps
/// the order of answers where the model wants that.
final class Responder: Sendable {
  let contract: ModelContract
  let statistics: ModelStatistics
  private let order: ResponseOrder?
  private let tracer: RequestTracer?

  init(
    _ contract: ModelContract, _ statistics: ModelStatistics, preservesOrder: Bool,
    tracer: RequestTracer?
  ) {
    self.contract = contract
    self.statistics = statistics
    order = preservesOrder ? ResponseOrder() : nil
    self.tracer = tracer
  }

  /// To be called in the order that answers are to have.
  func begin(_ request: inout ActiveRequest) { request.orderTicket = order?.ticket() }

  /// Sends the only response of a request; `outputs` are in the client's shapes.
  func succeed(_ request: ActiveRequest, _ outputs: [NamedTensor]) {
    var response: InferenceResponse
    do throws(ServingError) { response = try self.response(request, outputs) } catch {
      return fail(request, error, .other)
    }
    let end = Clock.now()
    statistics.countSuccess(
      items: request.prepared.batchSize, request.times, end: end, isFirst: true)
    response.trace = tracer?.finish(request, contract, end: end)
    finish(request, .response(response, isFinal: true))
  }

  /// As `succeed`, with outputs that were computed for an earlier request.
  func succeedFromCache(_ request: ActiveRequest, _ outputs: [NamedTensor], lookup: UInt64) {
    let response: InferenceResponse
    do throws(ServingError) { response = try self.response(request, outputs) } catch {
      return fail(request, error, .other)
    }
    statistics.countCacheHit(arrival: request.times.arrival, lookup: lookup, end: Clock.now())
    finish(request, .response(response, isFinal: true))
  }

  /// Sends one of many responses; false where nobody listens any more. Throws, and sends nothing, where
  /// it cannot be made of the outputs.
  func send(_ request: ActiveRequest, _ outputs: [NamedTensor]) throws(ServingError) -> Bool {
    if request.handle.isCancelled { return false }
    request.reply(.response(try response(request, outputs), isFinal: false))
    return true
  }

  /// Ends a request of many responses.
  func end(_ request: ActiveRequest) {
    let end = Clock.now()
    statistics.countSuccess(items: request.prepared.batchSize, request.times, end: end)
    _ = tracer?.finish(request, contract, end: end)
    finish(request, .finished)
  }

  /// `isAfterAdmission` is false for what no scheduler took.
  func fail(
    _ request: ActiveRequest, _ error: ServingError, _ reason: FailureReason,
    isAfterAdmission: Bool = true
  ) {
    statistics.countFailure(reason, arrival: request.times.arrival, end: Clock.now())
    var error = error.naming(request.request)
    error.isAfterAdmission = isAfterAdmission
    finish(request, .failure(error))
  }

  private func finish(_ request: ActiveRequest, _ reply: Reply) {
    request.handle.onCancel(nil)
    if let order, let ticket = request.orderTicket {
      order.complete(ticket) { request.reply(reply) }
    } else {
      request.reply(reply)
    }
  }

  private func response(
    _ active: ActiveRequest, _ outputs: [NamedTensor]
  ) throws(ServingError) -> InferenceResponse {
    let request = active.request
    var response = InferenceResponse(
      model: contract.model, version: contract.version, id: request.id)
    if request.outputs.isEmpty {
      response.outputs = outputs.map { InferenceResponse.Output($0.name, $0.tensor) }
      return response
    }
    for wanted in request.outputs {
      guard var tensor = outputs.first(where: { $0.name == wanted.name })?.tensor else {
        // A decoupled model may leave outputs out of some responses.
        if contract.isDecoupled { continue }
        throw ServingError(
          .internalFailure, "the model did not compute the output '\(wanted.name)'")
      }
      if wanted.classification > 0 {
        let labels = contract.outputIndex[wanted.name].map { contract.outputs[$0].labels } ?? []
        tensor = try Classification.classes(
          tensor, count: wanted.classification, labels: labels,
          isBatched: contract.maximumBatch > 0, output: wanted.name)
      }
      try wanted.destination?.write(tensor, output: wanted.name)
      response.outputs.append(
        InferenceResponse.Output(wanted.name, tensor, destination: wanted.destination?.range))
    }
    return response
  }
}
