#if Server
internal import ApusServing
internal import ApusServingSchema
internal import NIOCore

/// `ModelStreamInfer`: any number of requests, each with any number of answers. What is wrong with a
/// request is an answer as well, so that the others go on.
final class StreamInference: CallReceiver {
  private let service: any InferenceService
  private let call: Call
  private let outbox: StreamOutbox
  private let headers: CallHeaders
  /// Whether a failure ends the stream.
  private let endsWithError: Bool
  private var decoupled: [String: Bool] = [:]

  init(_ service: any InferenceService, _ configuration: GRPCConfiguration, _ call: Call) {
    self.service = service
    self.call = call
    outbox = StreamOutbox(
      call, requestLimit: configuration.maximumStreamRequests,
      unreadLimit: configuration.maximumUnreadSize)
    headers = CallHeaders(call.metadata, forwards: configuration.forwardsHeader)
    endsWithError = call.metadata.first("triton_grpc_error")?.lowercased() == "true"
    call.onCancel { [outbox] in outbox.close() }
  }

  func end() { outbox.end() }

  func receive(_ bytes: ByteBuffer) {
    do throws(ServingError) {
      accept(try InferMessage(MessageOwner(bytes).storage, arrival: Clock.now()))
    } catch {
      let ticket = outbox.open(isOrdered: true)
      outbox.put(StreamAnswer.failure(error), for: ticket, isFinal: true)
    }
  }

  private func accept(_ content: InferMessage) {
    let isDecoupled = isDecoupled(content)
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
    outbox.attach(handle, to: ticket)
  }

  /// Asked once a model and stream.
  private func isDecoupled(_ message: InferMessage) -> Bool {
    let key = message.model + "\0" + message.version
    if let answer = decoupled[key] { return answer }
    let isDecoupled: Bool
    do throws(ServingError) {
      let version = try ModelVersion.number(message.version)
      isDecoupled = try service.config(model: message.model, version: version)
        .modelTransactionPolicy.decoupled
    } catch {
      // It may be loaded later.
      return false
    }
    // Names come from the client, and only those of models are kept.
    decoupled[key] = isDecoupled
    return isDecoupled
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
    if !error.isAfterAdmission {
      outbox.put(StreamAnswer.failure(error, id: request.id), for: ticket, isFinal: true)
    } else if endsWithError {
      outbox.fail(CallStatus(error))
    } else {
      let answer = StreamAnswer.failure(
        error, id: request.id, model: request.model, version: version)
      outbox.put(answer, for: ticket, isFinal: true)
    }
  }
}
#endif
