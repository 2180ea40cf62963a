#if Server
internal import ApusServing
internal import ApusServingSchema
internal import GRPCCore
internal import Synchronization

/// `ModelStreamInfer`: any number of requests, each with any number of answers. What is wrong with a
/// request is an answer as well, so that the others go on.
struct StreamInference: Sendable {
  let service: any InferenceService
  let configuration: GRPCConfiguration
  let draining: Draining

  typealias Request = Result<InferMessage, ServingError>

  func register<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    router.registerHandler(
      forMethod: Inference_GRPCInferenceService.Method.ModelStreamInfer.descriptor,
      deserializer: InferMessageDeserializer(), serializer: ResponseEncodingSerializer()
    ) { request, _ in
      StreamingServerResponse(metadata: [:]) { writer in
        try await self.serve(request, writer)
        return [:]
      }
    }
  }

  private func serve(
    _ request: StreamingServerRequest<Request>, _ writer: RPCWriter<ResponseEncoding>
  ) async throws {
    let outbox = StreamOutbox(
      requestLimit: configuration.maximumStreamRequests,
      unreadLimit: configuration.maximumUnreadSize)
    try await withRPCCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await read(request, outbox) }
        defer {
          outbox.close()
          group.cancelAll()
        }
        for await item in outbox.items {
          switch item {
          case .answer(let answer):
            try await writer.write(answer)
            outbox.taken(answer)
          case .failure(let error): throw error
          }
        }
      }
    } onCancelRPC: {
      if !draining.hasBegun { outbox.close() }
    }
  }

  private func read(
    _ request: StreamingServerRequest<Request>, _ outbox: StreamOutbox
  ) async {
    let headers = CallHeaders(request.metadata, forwards: configuration.forwardsHeader)
    let endsWithError = request.metadata[stringValues: "triton_grpc_error"].contains {
      $0.lowercased() == "true"
    }
    var decoupled: [String: Bool] = [:]
    do {
      for try await message in request.messages {
        await outbox.reserve()
        accept(message, headers, endsWithError: endsWithError, outbox, &decoupled)
      }
      outbox.end()
    } catch {
      // The connection broke, or the call was ended from here.
      outbox.close()
    }
  }

  private func accept(
    _ message: Request, _ headers: CallHeaders, endsWithError: Bool, _ outbox: StreamOutbox,
    _ decoupled: inout [String: Bool]
  ) {
    let content: InferMessage
    switch message {
    case .success(let found): content = found
    case .failure(let error):
      let ticket = outbox.open(isOrdered: true)
      outbox.put(StreamAnswer.failure(error), for: ticket, isFinal: true)
      return
    }
    let isDecoupled = isDecoupled(content, &decoupled)
    let ticket = outbox.open(isOrdered: !isDecoupled)
    let decoded: RequestDecoding.Decoded
    do throws(ServingError) {
      decoded = try RequestDecoding(sharedMemory: service.sharedMemory).decode(content)
    } catch {
      outbox.put(StreamAnswer.failure(error, id: content.id), for: ticket, isFinal: true)
      return
    }
    var request = decoded.request
    request.acceptsManyResponses = true
    headers.apply(to: &request)
    let replies = StreamReplies(
      outbox: outbox, ticket: ticket, request: request, version: content.version,
      wantsEmptyFinalResponse: decoded.wantsEmptyFinalResponse, endsWithError: endsWithError)
    let handle = service.submit(request) { replies.take($0) }
    replies.isUnderWay.store(true, ordering: .relaxed)
    outbox.attach(handle, to: ticket)
  }

  /// Asked once a model and stream.
  private func isDecoupled(_ message: InferMessage, _ known: inout [String: Bool]) -> Bool {
    let key = message.model + "\0" + message.version
    if let answer = known[key] { return answer }
    let decoupled: Bool
    do throws(ServingError) {
      let version = try ModelVersion.number(message.version)
      decoupled = try service.config(model: message.model, version: version)
        .modelTransactionPolicy.decoupled
    } catch {
      // It may be loaded later.
      return false
    }
    // Names come from the client, and only those of models are kept.
    known[key] = decoupled
    return decoupled
  }
}

/// The replies to one request of a stream.
private final class StreamReplies: Sendable {
  let outbox: StreamOutbox
  let ticket: StreamOutbox.Ticket
  let request: InferenceRequest
  let version: String
  let wantsEmptyFinalResponse: Bool
  let endsWithError: Bool
  /// Whether the service has taken the request; failures before are refusals of it.
  let isUnderWay = Atomic(false)

  init(
    outbox: StreamOutbox, ticket: StreamOutbox.Ticket, request: InferenceRequest, version: String,
    wantsEmptyFinalResponse: Bool, endsWithError: Bool
  ) {
    self.outbox = outbox
    self.ticket = ticket
    self.request = request
    self.version = version
    self.wantsEmptyFinalResponse = wantsEmptyFinalResponse
    self.endsWithError = endsWithError
  }

  func take(_ reply: Reply) {
    switch reply {
    case .response(let response, let isFinal):
      outbox.put(
        StreamAnswer.response(response, isFinal: isFinal), for: ticket, isFinal: isFinal)
    case .finished:
      let empty = StreamAnswer.emptyFinal(
        id: request.id, model: request.model, version: version)
      outbox.put(wantsEmptyFinalResponse ? empty : nil, for: ticket, isFinal: true)
    case .failure(let error): fail(error)
    }
  }

  private func fail(_ error: ServingError) {
    let isRefusal =
      switch error.code {
      case .invalidArgument, .notFound, .unsupported, .alreadyExists:
        !isUnderWay.load(ordering: .relaxed)
      default: false
      }
    if isRefusal {
      outbox.put(StreamAnswer.failure(error, id: request.id), for: ticket, isFinal: true)
    } else if endsWithError {
      outbox.fail(RPCError(error))
    } else {
      let answer = StreamAnswer.failure(
        error, id: request.id, model: request.model, version: version)
      outbox.put(answer, for: ticket, isFinal: true)
    }
  }
}
#endif
