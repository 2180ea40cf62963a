#if Server
internal import ApusServing
internal import ApusServingSchema
internal import GRPCCore

/// The methods of `inference.GRPCInferenceService`.
struct InferenceMethods: RegistrableRPCService {
  typealias Method = Inference_GRPCInferenceService.Method

  let service: any InferenceService
  let configuration: GRPCConfiguration
  let draining: Draining

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    UnaryInference(
      service: service, forwardsHeader: configuration.forwardsHeader, draining: draining
    ).register(with: &router)
    StreamInference(service: service, configuration: configuration, draining: draining)
      .register(with: &router)
    registerStates(with: &router)
    registerRepository(with: &router)
    registerSharedMemory(with: &router)
    registerSettings(with: &router)
  }

  private func registerStates<Transport: ServerTransport>(
    with router: inout RPCRouter<Transport>
  ) {
    router.unary(Method.ServerLive.descriptor) {
      [service] (_: Inference_ServerLiveRequest) throws(ServingError) in
      var response = Inference_ServerLiveResponse()
      response.live = service.isLive
      return response
    }
    router.unary(Method.ServerReady.descriptor) {
      [service] (_: Inference_ServerReadyRequest) throws(ServingError) in
      var response = Inference_ServerReadyResponse()
      response.ready = service.isReady
      return response
    }
    router.unary(Method.ModelReady.descriptor) {
      [service] (request: Inference_ModelReadyRequest) throws(ServingError) in
      var response = Inference_ModelReadyResponse()
      response.ready = try service.isReady(
        model: request.name, version: ModelVersion.number(request.version))
      return response
    }
    router.unary(Method.ServerMetadata.descriptor) {
      [service] (_: Inference_ServerMetadataRequest) throws(ServingError) in service.metadata
    }
    router.unary(Method.ModelMetadata.descriptor) {
      [service] (request: Inference_ModelMetadataRequest) throws(ServingError) in
      try service.metadata(model: request.name, version: ModelVersion.number(request.version))
    }
    router.unary(Method.ModelConfig.descriptor) {
      [service] (request: Inference_ModelConfigRequest) throws(ServingError) in
      var response = Inference_ModelConfigResponse()
      response.config = try service.config(
        model: request.name, version: ModelVersion.number(request.version))
      return response
    }
    router.unary(Method.ModelStatistics.descriptor) {
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
