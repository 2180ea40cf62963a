internal import ApusModelConfig
package import ApusServingSchema
internal import CApusPlatform
internal import Synchronization

/// The server without its protocols: models, their queues, settings and counters.
package final class InferenceServer: InferenceService {
  private enum Phase: Int { case starting, running, draining, exiting }

  package let options: ServerOptions
  package let repository: ModelRepository
  package let sharedMemory: SharedMemoryRegistry
  package let settings: ServerSettings
  package let cache: ResponseCache?
  private let timer: Timer
  private let onReply: (@Sendable (InferenceRequest, ServingError?) -> Void)?
  private let phase = Atomic<Int>(Phase.starting.rawValue)

  /// `note` takes lines for the log; `onTrace` complete traces; `onReply` is told of each request that is
  /// over, while the log is verbose.
  package init(
    _ options: ServerOptions, loader: any ModelLoader, settings: ServerSettings,
    note: @escaping @Sendable (String) -> Void,
    onTrace: (@Sendable (TraceRecord) -> Void)? = nil,
    onReply: (@Sendable (InferenceRequest, ServingError?) -> Void)? = nil
  ) throws(ServingError) {
    self.options = options
    self.settings = settings
    sharedMemory = SharedMemoryRegistry(isAllowed: options.allowsSharedMemory)
    cache = options.cacheByteCount.map { ResponseCache(capacity: $0) }
    timer = try Timer()
    self.onReply = onReply
    let router = Router()
    let resources = ServingResources(
      loader: loader, timer: timer,
      limiter: options.limitsRate ? RateLimiter(resources: options.resources) : nil, cache: cache,
      tracer: onTrace.map { RequestTracer(settings: settings, sink: $0) },
      options: options.repository, submit: { router.submit($0, $1) },
      lookup: { try? router.repository?.version($0, $1) }, note: note)
    repository = try ModelRepository(resources)
    router.repository = repository
  }

  /// Lets ensembles reach models of the repository that they are in.
  private final class Router: Sendable {
    private let state = Mutex<WeakRepository>(WeakRepository())

    private struct WeakRepository { weak var value: ModelRepository? }

    var repository: ModelRepository? {
      get { state.withLock { $0.value } }
      set { state.withLock { $0.value = newValue } }
    }

    func submit(
      _ request: InferenceRequest, _ reply: @escaping @Sendable (Reply) -> Void
    ) -> RequestHandle {
      let handle = RequestHandle()
      guard let repository else {
        reply(.failure(ServingError(.unavailable, "the server is exiting")))
        return handle
      }
      repository.submit(request, handle, reply)
      return handle
    }
  }

  // MARK: Lifecycle

  /// Loads models; requests are answered from then on.
  package func start() async throws(ServingError) {
    apus_memory_keep(Self.keptForRequests)
    try await repository.loadAtStart()
    _ = phase.compareExchange(
      expected: Phase.starting.rawValue, desired: Phase.running.rawValue, ordering: .relaxed)
    if options.repository.control == .poll { schedulePoll() }
    watchMemory()
  }

  /// Gives back what a load left behind in the allocator once nothing was computed for a while. `kept` is the least
  /// that was resident since that was done last.
  private func watchMemory(kept: UInt64 = 0) {
    timer.schedule(at: Clock.now() &+ Self.idleMilliseconds * 1_000_000) { [weak self] in
      guard let self, self.isLive else { return }
      let last = self.repository.served.map(\.statistics.current.lastInference).max() ?? 0
      let isIdle = apus_clock_wall() / 1_000_000 >= last &+ Self.idleMilliseconds
      let resident = apus_resident_bytes()
      guard isIdle, resident > kept &+ Self.noticeable else {
        return self.watchMemory(kept: min(kept, resident))
      }
      apus_memory_trim()
      self.watchMemory(kept: apus_resident_bytes())
    }
  }

  /// Bytes of freed blocks that requests under load find again; all go back where nothing is computed.
  private static let keptForRequests = 256 << 20
  /// Bytes.
  private static let noticeable: UInt64 = 4 << 20
  private static let idleMilliseconds: UInt64 = 5000

  private func schedulePoll() {
    let period = UInt64(max(options.repository.pollSeconds, 1)) * 1_000_000_000
    timer.schedule(at: Clock.now() &+ period) { [weak self] in
      guard let self else { return }
      Task {
        guard self.phase.load(ordering: .relaxed) == Phase.running.rawValue else { return }
        await self.repository.poll()
        self.schedulePoll()
      }
    }
  }

  /// Says to clients that they should go elsewhere; requests are still answered.
  package func beginDraining() { phase.store(Phase.draining.rawValue, ordering: .relaxed) }

  /// Unloads all models; true where all requests were finished by `deadline`, in nanoseconds of the
  /// monotonic clock.
  package func stop(deadline: UInt64) async -> Bool {
    phase.store(Phase.exiting.rawValue, ordering: .relaxed)
    return await repository.stopAll(deadline: deadline)
  }

  package var isLive: Bool { phase.load(ordering: .relaxed) != Phase.exiting.rawValue }

  package var isReady: Bool {
    phase.load(ordering: .relaxed) == Phase.running.rawValue && repository.isReady
  }

  package func isReady(model: String, version: Int?) throws(ServingError) -> Bool {
    do throws(ServingError) {
      _ = try repository.version(model, version)
      return true
    } catch {
      if error.code == .unavailable || !repository.versions(of: model).isEmpty { return false }
      throw error
    }
  }

  // MARK: Descriptions

  package static let extensions = [
    "classification", "sequence", "model_repository", "model_repository(unload_dependents)",
    "schedule_policy", "model_configuration", "system_shared_memory", "cuda_shared_memory",
    "binary_tensor_data", "parameters", "statistics", "trace", "logging",
  ]

  package var metadata: Inference_ServerMetadataResponse {
    var metadata = Inference_ServerMetadataResponse()
    metadata.name = options.identifier
    metadata.version = options.version
    metadata.extensions = Self.extensions
    return metadata
  }

  package func metadata(
    model: String, version: Int?
  ) throws(ServingError) -> Inference_ModelMetadataResponse {
    let served = try repository.version(model, version)
    let contract = served.contract
    var metadata = Inference_ModelMetadataResponse()
    metadata.name = model
    let versions = version == nil ? repository.versions(of: model).map(\.version) : [served.version]
    metadata.versions = versions.map(String.init)
    metadata.platform =
      served.config.platform.isEmpty ? served.config.backend : served.config.platform
    func tensor(
      _ tensor: ModelContract.Tensor
    ) -> Inference_ModelMetadataResponse.TensorMetadata {
      var metadata = Inference_ModelMetadataResponse.TensorMetadata()
      metadata.name = tensor.name
      metadata.datatype = tensor.dataType.name
      let lead: [Int] = contract.maximumBatch > 0 && !tensor.isShapeTensor ? [-1] : []
      metadata.shape = (lead + tensor.dims).map { Int64($0) }
      return metadata
    }
    metadata.inputs = contract.inputs.map(tensor)
    metadata.outputs = contract.outputs.map(tensor)
    return metadata
  }

  package func config(
    model: String, version: Int?
  ) throws(ServingError) -> Inference_ModelConfig {
    try repository.version(model, version).config
  }

  package func statistics(
    model: String?, version: Int?
  ) throws(ServingError) -> [Inference_ModelStatistics] {
    let versions: [ServedVersion]
    if let model, !model.isEmpty {
      versions = repository.versions(of: model).filter { version == nil || $0.version == version }
      guard !versions.isEmpty else {
        let place = version.map { ", version \($0)" } ?? ""
        throw ServingError(
          .invalidArgument, "requested model '\(model)'\(place) is not available")
      }
    } else {
      versions = repository.served
    }
    return versions.map { served in
      served.statistics.message(
        model: served.name, version: served.version, memory: served.memoryByteCount)
    }
  }

  // MARK: Repository

  package func index(
    onlyReady: Bool
  ) throws(ServingError) -> [Inference_RepositoryIndexResponse.ModelIndex] {
    let index = try repository.index()
    return onlyReady ? index.filter { $0.state == VersionStatus.State.ready.rawValue } : index
  }

  private func requireExplicit() throws(ServingError) {
    switch options.repository.control {
    case .explicit: return
    case .poll:
      throw ServingError(
        .unavailable, "explicit model load / unload is not allowed if polling is enabled")
    case .none:
      throw ServingError(
        .unavailable,
        "explicit model load / unload is not allowed; start the server with "
          + "--model-control-mode=explicit")
    }
  }

  package func load(model: String, _ override: LoadOverride) async throws(ServingError) {
    try requireExplicit()
    try await repository.load(model, override)
  }

  package func unload(model: String, withDependents: Bool) async throws(ServingError) {
    try requireExplicit()
    try repository.unload(model, withDependents: withDependents)
  }

  // MARK: Inference

  @discardableResult
  package func submit(
    _ request: InferenceRequest, reply: @escaping @Sendable (Reply) -> Void
  ) -> RequestHandle {
    let handle = RequestHandle()
    guard let onReply, settings.isVerbose else {
      repository.submit(request, handle, reply)
      return handle
    }
    repository.submit(request, handle) { answer in
      reply(answer)
      guard answer.isFinal else { return }
      if case .failure(let error) = answer {
        onReply(request, error)
      } else {
        onReply(request, nil)
      }
    }
    return handle
  }

  package func metrics() -> String { MetricsText.text(of: self) + options.metrics.more() }
}
