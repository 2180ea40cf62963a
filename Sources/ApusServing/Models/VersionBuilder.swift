internal import ApusModelConfig
internal import ApusServingSchema
internal import ApusTensor

/// Makes a version of a model ready to serve: reads it, completes and checks its configuration, starts
/// its instances, warms them up.
struct VersionBuilder {
  let files: ModelFiles
  let version: Int
  let resources: ServingResources
  private var config: Inference_ModelConfig
  private let versionDirectory: String

  private init(_ files: ModelFiles, _ version: Int, _ resources: ServingResources) {
    self.files = files
    self.version = version
    self.resources = resources
    config = files.config
    versionDirectory = files.versions[version] ?? files.directory.path
  }

  static func build(
    _ files: ModelFiles, version: Int, _ resources: ServingResources
  ) throws(ServingError) -> ServedVersion {
    var builder = VersionBuilder(files, version, resources)
    return try builder.build()
  }

  private mutating func build() throws(ServingError) -> ServedVersion {
    let start = Clock.now()
    try complete(nil)
    let backend = try described { () throws(ConfigError) in try ModelBackend(config) }
    var model: (any ServableModel)?
    switch backend {
    case .ensemble: break
    case .identity, .repeat, .square: model = try SampleBackends.model(config)
    case .onnx, .engine: model = try resources.loader.load(try source())
    }
    for note in model?.notes ?? [] { resources.note("\(files.directory.name): \(note)") }
    if backend == .onnx || backend == .engine, let signature = model?.signature {
      try complete(signature)
      let config = config
      try described { () throws(ConfigError) in
        try ConfigValidation.validate(config, signature: signature)
      }
    } else {
      let config = config
      try described { () throws(ConfigError) in try ConfigValidation.validate(config) }
    }
    if backend == .ensemble { try inheritDecoupling() }
    let contract = try ModelContract(config, version: version, labels: try files.labels(config))
    let usesCache = config.responseCache.enable && resources.cache != nil
    let responder = Responder(
      contract, ModelStatistics(), preservesOrder: BatchPolicy(config).preservesOrder,
      tracer: resources.tracer)
    let scheduler: any Scheduler
    if backend == .ensemble {
      scheduler = try ensemble(responder)
    } else if let model {
      scheduler = try self.scheduler(model, responder, usesCache: usesCache)
    } else {
      throw ServingError(.internalFailure, "model '\(config.name)' has nothing to run")
    }
    return ServedVersion(
      config: config, scheduler: scheduler, responder: responder,
      memoryByteCount: model?.memoryByteCount ?? 0, loadNanoseconds: Clock.now() &- start,
      cache: usesCache ? resources.cache : nil)
  }

  /// An ensemble sends as many responses as its steps make of a request.
  private mutating func inheritDecoupling() throws(ServingError) {
    let isDecoupled = config.ensembleScheduling.step.contains { step in
      let version = step.modelVersion > 0 ? Int(step.modelVersion) : nil
      return resources.lookup(step.modelName, version)?.contract.isDecoupled == true
    }
    guard isDecoupled, !config.modelTransactionPolicy.decoupled else { return }
    config.modelTransactionPolicy.decoupled = true
    // Not everything goes with it.
    let config = config
    try described { () throws(ConfigError) in try ConfigValidation.validate(config) }
  }

  // MARK: Configuration

  private mutating func complete(_ signature: ModelSignature?) throws(ServingError) {
    var config = config
    var options = CompletionOptions()
    options.defaultMaximumBatchSize = resources.options.defaultMaximumBatchSize
    options.files = files.directory.files(in: versionDirectory)
    if let bare = files.directory.bareFile, config.defaultModelFilename.isEmpty {
      config.defaultModelFilename = bare
    }
    let name = files.directory.name
    let completes = resources.options.completesConfig
    try described { () throws(ConfigError) in
      try ConfigCompletion.complete(
        &config, name: name, backendHint: Self.hint(bare: files.directory.bareFile),
        signature: completes ? signature : nil, options: options)
    }
    for note in ConfigDefaults.normalize(&config) where signature == nil {
      resources.note("\(name): \(note.description)")
    }
    self.config = config
  }

  private static func hint(bare file: String?) -> ModelBackend? {
    guard let file else { return nil }
    return file.hasSuffix(".onnx") ? .onnx : .engine
  }

  private func described<Result>(
    _ body: () throws(ConfigError) -> Result
  ) throws(ServingError) -> Result {
    do throws(ConfigError) { return try body() } catch {
      let file = files.directory.configPath(named: resources.options.configName)
      let location = error.location == nil ? file.map { "\($0): " } ?? "" : ""
      throw ServingError(.invalidArgument, location + error.description)
    }
  }

  private func source() throws(ServingError) -> ModelSource {
    let name = config.defaultModelFilename
    let path = FileSystem.join(versionDirectory, name)
    guard !name.contains("/"), name != "..", FileSystem.exists(path) else {
      let held = files.directory.files(in: versionDirectory).joined(separator: ", ")
      throw ServingError(
        .invalidArgument,
        "unable to find '\(path)' for model '\(config.name)'; the directory of version \(version) holds "
          + (held.isEmpty ? "nothing" : held))
    }
    return ModelSource(
      name: config.name, version: version, directory: versionDirectory, path: path, config: config)
  }

  // MARK: Schedulers

  private func scheduler(
    _ model: any ServableModel, _ responder: Responder, usesCache: Bool
  ) throws(ServingError) -> any Scheduler {
    let sequenceInputs: SequenceInputs?
    if case .sequenceBatching? = config.schedulingChoice {
      sequenceInputs = try SequenceInputs(config) { (file: String) throws(ServingError) in
        try SmallFile.data(try files.path(of: "initial_state/\(file)"))
      }
    } else {
      sequenceInputs = nil
    }
    var extra = sequenceInputs?.stateOutputs ?? []
    // An answer that is kept has to hold whatever the next request asks for.
    if usesCache { extra.formUnion(responder.contract.outputs.map(\.name)) }
    let (executors, demands) = try instances(of: model, responder, extraOutputs: extra)
    guard !executors.isEmpty else {
      throw ServingError(.invalidArgument, "model '\(config.name)' has no instances")
    }
    if let sequenceInputs {
      return try SequenceScheduler(
        SequencePolicy(config, instances: executors.count), inputs: sequenceInputs,
        executors: executors, demands: demands, responder: responder, timer: resources.timer,
        limiter: resources.limiter)
    }
    return try BatchScheduler(
      BatchPolicy(config), executors: executors, demands: demands, responder: responder,
      timer: resources.timer, limiter: resources.limiter)
  }

  /// Makes all instances, each with what it needs to run, and warms them up.
  private func instances(
    of model: any ServableModel, _ responder: Responder, extraOutputs: Set<String>
  ) throws(ServingError) -> ([Handoff<InstanceExecutor>], [ResourceDemand]) {
    let batchInputs = try BatchInputs(config)
    let warmups = try WarmupInputs.make(config, files)
    var executors: [Handoff<InstanceExecutor>] = []
    var demands: [ResourceDemand] = []
    for (group, settings) in config.instanceGroup.enumerated() where !settings.passive {
      for index in 0..<max(Int(settings.count), 1) {
        let name = "\(config.name)_\(version)_\(group)_\(index)"
        let demand = ResourceDemand(settings.rateLimiter, instance: name)
        try resources.limiter?.register(demand)
        let executor = InstanceExecutor(
          try model.makeInstance(), responder.contract, batchInputs, responder,
          extraOutputs: extraOutputs)
        for warmup in warmups {
          do throws(ServingError) {
            for _ in 0..<warmup.count { try executor.warmUp(warmup.inputs) }
          } catch {
            throw error.prefixed("model_warmup '\(warmup.name)' of '\(config.name)': ")
          }
        }
        executors.append(Handoff(executor))
        demands.append(demand)
      }
    }
    return (executors, demands)
  }

  private func ensemble(_ responder: Responder) throws(ServingError) -> any Scheduler {
    let capacity = try EnsembleCheck.capacity(
      config, responder.contract, lookup: resources.lookup)
    // Enough to keep every step busy with full batches, and as many again in the queues between them.
    let limit = Int(config.ensembleScheduling.maxInflightRequests)
    return EnsembleScheduler(
      config, limit: limit > 0 ? limit : 4 * capacity, responder: responder,
      submit: resources.submit)
  }
}
