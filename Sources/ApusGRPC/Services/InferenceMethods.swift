#if Server
internal import ApusServing
internal import ApusServingSchema

/// The methods of `inference.GRPCInferenceService`.
struct InferenceMethods {
  static let serviceName = "inference.GRPCInferenceService"

  let service: any InferenceService
  let configuration: GRPCConfiguration

  static func path(_ method: String) -> String { "/\(serviceName)/\(method)" }

  func register(with methods: inout MethodTable) {
    UnaryInference(service: service, forwardsHeader: configuration.forwardsHeader)
      .register(with: &methods)
    methods.register(Self.path("ModelStreamInfer")) { [service, configuration] call in
      StreamInference(service, configuration, call)
    }
    registerStates(with: &methods)
    registerRepository(with: &methods)
    registerSharedMemory(with: &methods)
    registerSettings(with: &methods)
  }

  private func registerStates(with methods: inout MethodTable) {
    methods.unary(Self.path("ServerLive")) {
      [service] (_: Inference_ServerLiveRequest) throws(ServingError) in
      var response = Inference_ServerLiveResponse()
      response.live = service.isLive
      return response
    }
    methods.unary(Self.path("ServerReady")) {
      [service] (_: Inference_ServerReadyRequest) throws(ServingError) in
      var response = Inference_ServerReadyResponse()
      response.ready = service.isReady
      return response
    }
    methods.unary(Self.path("ModelReady")) {
      [service] (request: Inference_ModelReadyRequest) throws(ServingError) in
      var response = Inference_ModelReadyResponse()
      let version = try ModelVersion.number(request.version)
      do throws(ServingError) {
        response.ready = try service.isReady(model: request.name, version: version)
      } catch {
        // What is not there is not ready.
        guard error.code == .notFound else { throw error }
      }
      return response
    }
    methods.unary(Self.path("ServerMetadata")) {
      [service] (_: Inference_ServerMetadataRequest) throws(ServingError) in service.metadata
    }
    methods.unary(Self.path("ModelMetadata")) {
      [service] (request: Inference_ModelMetadataRequest) throws(ServingError) in
      try service.metadata(model: request.name, version: ModelVersion.number(request.version))
    }
    methods.unary(Self.path("ModelConfig")) {
      [service] (request: Inference_ModelConfigRequest) throws(ServingError) in
      var response = Inference_ModelConfigResponse()
      response.config = try service.config(
        model: request.name, version: ModelVersion.number(request.version))
      return response
    }
    methods.unary(Self.path("ModelStatistics")) {
      [service] (request: Inference_ModelStatisticsRequest) throws(ServingError) in
      var response = Inference_ModelStatisticsResponse()
      response.modelStats = try service.statistics(
        model: request.name.isEmpty ? nil : request.name,
        version: ModelVersion.number(request.version))
      return response
    }
  }
}
#endif
