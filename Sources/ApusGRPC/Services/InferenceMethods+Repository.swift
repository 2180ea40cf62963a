#if Server
internal import ApusServing
internal import ApusServingSchema

extension InferenceMethods {
  func registerRepository(with methods: inout MethodTable) {
    methods.unary(Self.path("RepositoryIndex")) {
      [service] (request: Inference_RepositoryIndexRequest) throws(ServingError) in
      try Self.requireNoName(request.repositoryName)
      var response = Inference_RepositoryIndexResponse()
      response.models = try service.index(onlyReady: request.ready)
      return response
    }
    methods.unaryAsync(Self.path("RepositoryModelLoad")) {
      [service] (request: Inference_RepositoryModelLoadRequest) async throws(ServingError) in
      try Self.requireNoName(request.repositoryName)
      try await service.load(model: request.modelName, Self.loadOverride(request.parameters))
      return Inference_RepositoryModelLoadResponse()
    }
    methods.unaryAsync(Self.path("RepositoryModelUnload")) {
      [service] (request: Inference_RepositoryModelUnloadRequest) async throws(ServingError) in
      try Self.requireNoName(request.repositoryName)
      try await service.unload(
        model: request.modelName, withDependents: Self.unloadsDependents(request.parameters))
      return Inference_RepositoryModelUnloadResponse()
    }
  }

  private static func requireNoName(_ name: String) throws(ServingError) {
    guard name.isEmpty else {
      throw ServingError(.unsupported, "'repository_name' specification is not supported")
    }
  }

  private static func loadOverride(
    _ parameters: [String: Inference_ModelRepositoryParameter]
  ) throws(ServingError) -> LoadOverride {
    var override = LoadOverride()
    for (name, value) in parameters.sorted(by: { $0.key < $1.key }) {
      switch try LoadOverride.Parameter(name) {
      case .config:
        guard case .stringParam(let text)? = value.parameterChoice else {
          throw wrong(name, "string_param")
        }
        override.config = text
      case .file(let path):
        guard case .bytesParam(let bytes)? = value.parameterChoice else {
          throw wrong(name, "bytes_param")
        }
        override.files[path] = [UInt8](bytes)
      }
    }
    return override
  }

  private static func wrong(_ name: String, _ kind: String) -> ServingError {
    ServingError(
      .invalidArgument, "invalid value type for load parameter '\(name)', expected \(kind).")
  }

  private static func unloadsDependents(
    _ parameters: [String: Inference_ModelRepositoryParameter]
  ) throws(ServingError) -> Bool {
    guard let value = parameters["unload_dependents"] else { return false }
    guard case .boolParam(let flag)? = value.parameterChoice else {
      throw ServingError(
        .invalidArgument,
        "invalid value type for 'unload_dependents' parameter, expected bool_param.")
    }
    return flag
  }
}
#endif
