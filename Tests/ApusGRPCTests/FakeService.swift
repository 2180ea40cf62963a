#if Server
import ApusModelConfig
import ApusServing
import ApusServingSchema
import ApusTensor
import ApusTestSupport
import Synchronization

/// A service of models whose names say what they do.
///
/// - `echo`: outputs are the inputs, named `out_` and the input's name.
/// - `slow`: as `echo`, when `release` is called.
/// - `many`: decoupled; as many answers as the input has elements, then the end.
/// - `broken`: fails while it runs.
final class FakeService: InferenceService {
  struct State {
    var requests: [InferenceRequest] = []
    var held: [(InferenceRequest, @Sendable (Reply) -> Void)] = []
    var handles: [RequestHandle] = []
    var loads: [(String, LoadOverride)] = []
    var unloads: [(String, Bool)] = []
    var isReady = true
  }

  let state = Mutex(State())
  let sharedMemory = SharedMemoryRegistry(isAllowed: true)
  let settings = ServerSettings()

  var isLive: Bool { true }
  var isReady: Bool { state.withLock { $0.isReady } }

  private static let models: Set = ["echo", "slow", "many", "broken"]

  private func require(_ model: String, _ version: Int?) throws(ServingError) {
    guard Self.models.contains(model), version == nil || version == 1 else {
      throw ServingError(.notFound, "Request for unknown model: '\(model)' is not found")
    }
  }

  func isReady(model: String, version: Int?) throws(ServingError) -> Bool {
    try require(model, version)
    return model != "broken"
  }

  var metadata: Inference_ServerMetadataResponse {
    var response = Inference_ServerMetadataResponse()
    response.name = "fake"
    response.extensions = ["classification"]
    return response
  }

  func metadata(
    model: String, version: Int?
  ) throws(ServingError) -> Inference_ModelMetadataResponse {
    try require(model, version)
    var response = Inference_ModelMetadataResponse()
    response.name = model
    response.versions = ["1"]
    return response
  }

  func config(model: String, version: Int?) throws(ServingError) -> Inference_ModelConfig {
    try require(model, version)
    var config = Inference_ModelConfig()
    config.name = model
    config.modelTransactionPolicy.decoupled = model == "many"
    return config
  }

  func statistics(
    model: String?, version: Int?
  ) throws(ServingError) -> [Inference_ModelStatistics] {
    var statistics = Inference_ModelStatistics()
    statistics.name = model ?? "all"
    return [statistics]
  }

  func index(
    onlyReady: Bool
  ) throws(ServingError) -> [Inference_RepositoryIndexResponse.ModelIndex] {
    Self.models.sorted().map { name in
      var index = Inference_RepositoryIndexResponse.ModelIndex()
      index.name = name
      index.state = onlyReady ? "READY" : ""
      return index
    }
  }

  func load(model: String, _ override: LoadOverride) async throws(ServingError) {
    state.withLock { $0.loads.append((model, override)) }
    if model == "nothing" { throw ServingError(.internalFailure, "failed to load 'nothing'") }
  }

  func unload(model: String, withDependents: Bool) async throws(ServingError) {
    state.withLock { $0.unloads.append((model, withDependents)) }
  }

  func metrics() -> String { "" }

  @discardableResult
  func submit(
    _ request: InferenceRequest, reply: @escaping @Sendable (Reply) -> Void
  ) -> RequestHandle {
    let handle = RequestHandle()
    state.withLock {
      $0.requests.append(request)
      $0.handles.append(handle)
    }
    do throws(ServingError) { try require(request.model, request.version) } catch {
      reply(.failure(error))
      return handle
    }
    switch request.model {
    case "slow": state.withLock { $0.held.append((request, reply)) }
    case "many":
      guard request.acceptsManyResponses else {
        reply(.failure(ServingError(.unsupported, "the model is decoupled")))
        return handle
      }
      for _ in 0..<(request.inputs.first?.tensor.count ?? 0) {
        reply(.response(Self.echo(request), isFinal: false))
      }
      reply(.finished)
    case "broken":
      var error = ServingError(.unavailable, "the model broke")
      error.isAfterAdmission = true
      reply(.failure(error))
    default: reply(.response(Self.echo(request), isFinal: true))
    }
    return handle
  }

  /// Answers the held requests, the last first.
  func release() {
    let held = state.withLock { state in
      defer { state.held = [] }
      return state.held
    }
    for (request, reply) in held.reversed() {
      reply(.response(Self.echo(request), isFinal: true))
    }
  }

  /// Waits until so many requests are held.
  func waitForHeld(_ count: Int) async throws {
    try await eventually("\(count) requests are held") {
      state.withLock { $0.held.count } >= count
    }
  }

  static func echo(_ request: InferenceRequest) -> InferenceResponse {
    InferenceResponse(
      model: request.model, version: request.version ?? 1, id: request.id,
      parameters: request.parameters,
      outputs: request.inputs.map { input in
        let wanted = request.outputs.first { $0.name == "out_" + input.name }
        return InferenceResponse.Output(
          "out_" + input.name, input.tensor, destination: wanted?.destination?.range)
      })
  }
}
#endif
