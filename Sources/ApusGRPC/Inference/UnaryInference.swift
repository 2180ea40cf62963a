#if Server
internal import ApusServing
internal import NIOCore

/// `ModelInfer`: one request, one answer.
struct UnaryInference: Sendable {
  let service: any InferenceService
  let forwardsHeader: (@Sendable (String) -> Bool)?

  func register(with methods: inout MethodTable) {
    methods.unary(InferenceMethods.path("ModelInfer")) { [self] bytes, call in
      do throws(ServingError) { try infer(bytes, call) } catch { call.finish(CallStatus(error)) }
    }
  }

  private func infer(_ bytes: ByteBuffer, _ call: Call) throws(ServingError) {
    let recent = call.recent
    let storage = MessageOwner(bytes).storage
    let arrival = Clock.now()
    var request: InferenceRequest
    if let known = try recent.recall(storage, arrival: arrival) {
      request = known
    } else {
      let message = try InferMessage(storage, arrival: arrival)
      request = try RequestDecoding(sharedMemory: service.sharedMemory).decode(message).request
      recent.remember(message, request)
    }
    CallHeaders(call.metadata, forwards: forwardsHeader).apply(to: &request)
    let handle = service.submit(request) { reply in
      switch reply {
      case .response(let response, _): call.answer(recent.encoding(of: response))
      case .failure(let error): call.finish(CallStatus(error))
      case .finished:
        call.finish(CallStatus(.internalError, "the model sent no response"))
      }
    }
    call.onCancel { handle.cancel() }
  }
}
#endif
