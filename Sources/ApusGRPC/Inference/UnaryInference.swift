#if Server
internal import ApusServing
internal import GRPCCore

/// `ModelInfer`: one request, one answer.
struct UnaryInference: Sendable {
  let service: any InferenceService
  let forwardsHeader: (@Sendable (String) -> Bool)?
  let draining: Draining

  func register<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    router.registerHandler(
      forMethod: Inference_GRPCInferenceService.Method.ModelInfer.descriptor,
      deserializer: InferMessageDeserializer(), serializer: ResponseEncodingSerializer()
    ) { request, _ in
      // The first message is the only one; waiting for the stream's end would only take time.
      var messages = request.messages.makeAsyncIterator()
      guard let message = try await messages.next() else {
        throw RPCError(code: .invalidArgument, message: "the call has no message")
      }
      let answer = try await self.answer(to: message, request.metadata)
      return StreamingServerResponse(metadata: [:]) { writer in
        try await writer.write(answer)
        return [:]
      }
    }
  }

  private func answer(
    to message: Result<InferMessage, ServingError>, _ metadata: Metadata
  ) async throws(RPCError) -> ResponseEncoding {
    let outcome: PendingCall.Outcome
    do throws(ServingError) {
      var request = try RequestDecoding(sharedMemory: service.sharedMemory)
        .decode(message.get()).request
      CallHeaders(metadata, forwards: forwardsHeader).apply(to: &request)
      outcome = await run(request)
    } catch { throw RPCError(error) }
    switch outcome {
    case .success(let response): return ResponseEncoding(response)
    case .failure(let error): throw RPCError(error)
    }
  }

  private func run(_ request: InferenceRequest) async -> PendingCall.Outcome {
    let call = PendingCall()
    return await withRPCCancellationHandler {
      call.attach(service.submit(request) { call.take($0) })
      return await call.outcome()
    } onCancelRPC: {
      if !draining.hasBegun { call.cancel() }
    }
  }
}
#endif
