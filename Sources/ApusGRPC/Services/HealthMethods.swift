#if Server
internal import ApusServing
internal import ApusServingSchema
internal import GRPCCore
internal import GRPCProtobuf

/// `grpc.health.v1.Health`: the server as a whole, under no name or that of the inference service.
struct HealthMethods: RegistrableRPCService {
  let service: any InferenceService
  let draining: Draining

  /// How often a watched state is looked at.
  private static let interval = Duration.milliseconds(200)

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    router.unary(Grpc_Health_V1_Health.Method.Check.descriptor) {
      [self] (request: Grpc_Health_V1_HealthCheckRequest) throws(ServingError) in
      guard let status = status(of: request.service) else {
        throw ServingError(.notFound, "unknown service '\(request.service)'")
      }
      return Self.response(status)
    }
    router.registerHandler(
      forMethod: Grpc_Health_V1_Health.Method.Watch.descriptor,
      deserializer: ProtobufDeserializer<Grpc_Health_V1_HealthCheckRequest>(),
      serializer: ProtobufSerializer<Grpc_Health_V1_HealthCheckResponse>()
    ) { request, context in
      let name = try await ServerRequest(stream: request).message.service
      return StreamingServerResponse(metadata: [:]) { writer in
        try await watch(name, writer, context)
        return [:]
      }
    }
  }

  private func watch(
    _ name: String, _ writer: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
    _ context: ServerContext
  ) async throws {
    var last: Grpc_Health_V1_HealthCheckResponse.ServingStatus?
    while true {
      let status = status(of: name) ?? .serviceUnknown
      if status != last { try await writer.write(Self.response(status)) }
      last = status
      // The state of a server that ends does not change any more.
      if context.cancellation.isCancelled || draining.hasBegun { return }
      try await Task.sleep(for: Self.interval)
    }
  }

  /// Nil for a service that is not there.
  private func status(
    of name: String
  ) -> Grpc_Health_V1_HealthCheckResponse.ServingStatus? {
    let known = ["", Inference_GRPCInferenceService.descriptor.fullyQualifiedService]
    guard known.contains(name) else { return nil }
    return service.isReady && !draining.hasBegun ? .serving : .notServing
  }

  private static func response(
    _ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus
  ) -> Grpc_Health_V1_HealthCheckResponse {
    var response = Grpc_Health_V1_HealthCheckResponse()
    response.status = status
    return response
  }
}
#endif
