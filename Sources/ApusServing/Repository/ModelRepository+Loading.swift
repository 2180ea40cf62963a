internal import ApusModelConfig
internal import ApusServingSchema
internal import Synchronization

extension ModelRepository {
  /// Loads what is to be there at the start; returns when all is loaded or has failed.
  func loadAtStart() async throws(ServingError) {
    let (models, duplicates) = try scan()
    for name in duplicates.sorted() { fail(name, Self.heldTwice(name)) }
    var names = Set(models.keys)
    if options.control == .explicit {
      let asked = Set(options.startupModels)
      if !asked.contains("*") {
        for name in asked.subtracting(names).subtracting(duplicates) {
          fail(name, "failed to load '\(name)', failed to poll from model repository")
        }
        names = withSteps(asked.intersection(names), models)
      }
    }
    await load(names.compactMap { models[$0] })
  }

  static func heldTwice(_ name: String) -> String {
    "two repositories hold a model '\(name)'; use names of their own"
  }

  /// The models, and those that the ensembles among them are made of.
  private func withSteps(
    _ names: Set<String>, _ models: [String: ModelDirectory]
  ) -> Set<String> {
    var all = names
    var rest = Array(names)
    while let name = rest.popLast() {
      guard let directory = models[name],
        let files = try? ModelFiles(directory, fingerprint: [:], configName: options.configName)
      else { continue }
      for step in files.config.ensembleScheduling.step
      where models[step.modelName] != nil && all.insert(step.modelName).inserted {
        rest.append(step.modelName)
      }
    }
    return all
  }

  /// Books why a model could not even be tried. One that serves goes on, and stays ready.
  func fail(_ model: String, _ reason: String, fingerprint: [String: [UInt64]] = [:]) {
    resources.note("\(model): \(reason)")
    state.withLock { models in
      var entry = models[model] ?? ModelEntry()
      if entry.serving.isEmpty { entry.failure = reason }
      entry.fingerprint = fingerprint
      entry.isWanted = true
      models[model] = entry
    }
  }

  /// Loads several models side by side, those that others are made of first.
  func load(_ directories: [ModelDirectory]) async {
    var rest: [ModelFiles] = []
    for directory in directories {
      // Taken before anything is read: a change from now on is seen by the next look.
      let fingerprint = directory.fingerprint()
      do throws(ServingError) {
        rest.append(
          try ModelFiles(
            directory, fingerprint: fingerprint, configName: options.configName))
      } catch {
        fail(directory.name, error.message, fingerprint: fingerprint)
      }
    }
    var names = Set(rest.map(\.directory.name))
    while !rest.isEmpty {
      // What waits for nothing that is still to come; a circle is tried in any order, and fails.
      var wave = rest.filter { files in
        files.config.ensembleScheduling.step.allSatisfy { !names.contains($0.modelName) }
      }
      if wave.isEmpty { wave = rest }
      let loaded = Set(wave.map(\.directory.name))
      rest.removeAll { loaded.contains($0.directory.name) }
      names.subtract(loaded)
      await withTaskGroup(of: Void.self) { group in
        for files in wave {
          group.addTask { [self] in
            await pool.run { self.install(files, isOverride: false) { _ in } }
          }
        }
      }
    }
  }

  /// Loads or reloads a model by name, with what a client has sent where it has.
  func load(_ name: String, _ override: LoadOverride) async throws(ServingError) {
    let result: Result<Void, ServingError> = await pool.run { [self] in
      var failure: ServingError?
      do throws(ServingError) {
        try loadNow(name, override, above: []) { failure = $0 }
      } catch { failure = error }
      return failure.map { .failure($0) } ?? .success(())
    }
    try result.get()
  }

  /// `above` are the ensembles that the model is loaded for.
  private func loadNow(
    _ name: String, _ override: LoadOverride, above: Set<String>,
    _ report: (ServingError) -> Void
  ) throws(ServingError) {
    guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
      throw ServingError(.invalidArgument, "failed to load '\(name)', which is no name of a model")
    }
    guard !above.contains(name) else {
      throw ServingError(
        .invalidArgument, "failed to load '\(name)', an ensemble that is a step of its own steps")
    }
    let directory = try scan().models[name]
    let files: ModelFiles
    let isOverride = override.config != nil || !override.files.isEmpty
    if isOverride {
      files = try ModelFiles(directory, name: name, override)
    } else {
      guard let directory else {
        throw ServingError(
          .internalFailure, "failed to load '\(name)', failed to poll from model repository")
      }
      files = try ModelFiles(
        directory, fingerprint: directory.fingerprint(), configName: options.configName)
    }
    // An ensemble needs its parts.
    for step in files.config.ensembleScheduling.step where step.modelName != name {
      if (try? version(step.modelName, nil)) == nil {
        var failure: ServingError?
        try loadNow(step.modelName, LoadOverride(), above: above.union([name])) { failure = $0 }
        if let failure { throw failure }
      }
    }
    install(files, isOverride: isOverride, report)
  }

  // MARK: One model

  /// Builds all versions of a model that are wanted and puts them in the place of those that serve.
  /// Blocks; one at a time for a model.
  private func install(
    _ files: ModelFiles, isOverride: Bool, _ report: (ServingError) -> Void
  ) {
    let name = files.directory.name
    guard begin(name) else {
      return report(
        ServingError(.unavailable, "failed to load '\(name)', the server is exiting"))
    }
    defer { end(name) }
    let wanted: [Int]
    do throws(ServingError) { wanted = try prepare(files) } catch {
      fail(name, error.message, fingerprint: files.fingerprint)
      return report(error)
    }
    var built: [Int: ServedVersion] = [:]
    var failures: [Int: ServingError] = [:]
    for version in wanted {
      do throws(ServingError) { built[version] = try build(files, version) } catch {
        failures[version] = error
        resources.note("failed to load '\(name)' version \(version): \(error.message)")
      }
    }
    replace(files, isOverride: isOverride, built: built, failures: failures)
    if let (version, error) = failures.min(by: { $0.key < $1.key }) {
      report(error.prefixed("failed to load '\(name)' version \(version), "))
    }
  }

  /// Waits until no other load of the model is under way; false where the server ends.
  private func begin(_ name: String) -> Bool {
    state.wait { models in
      if isStopping.load(ordering: .relaxed) { return .done(false) }
      if models[name]?.isBusy == true { return .wait(until: Monitor<[String: ModelEntry]>.never) }
      models[name, default: ModelEntry()].isBusy = true
      models[name]?.isWanted = true
      return .done(true)
    }
  }

  /// Ends the load, and the model where it was unloaded meanwhile.
  private func end(_ name: String) {
    while true {
      let isUnloaded = state.withLock { models in
        guard models[name]?.isUnloadWaiting == true else {
          models[name]?.isBusy = false
          return false
        }
        models[name]?.isUnloadWaiting = false
        return true
      }
      guard isUnloaded else { break }
      takeDown(name)
    }
    state.broadcast()
  }

  /// The versions to build, shown as loading from now on.
  private func prepare(_ files: ModelFiles) throws(ServingError) -> [Int] {
    let name = files.directory.name
    let wanted = try files.wanted()
    guard !wanted.isEmpty else {
      throw ServingError(
        .invalidArgument,
        "at least one version must be available under the version policy of model '\(name)'")
    }
    state.withLock { models in
      for version in wanted where models[name]?.serving[version] == nil {
        models[name]?.status[version] = VersionStatus(state: .loading)
      }
    }
    return wanted
  }

  private func build(_ files: ModelFiles, _ version: Int) throws(ServingError) -> ServedVersion {
    var tries = max(options.loadRetries, 0)
    while true {
      do throws(ServingError) {
        let served = try VersionBuilder.build(files, version: version, resources)
        resources.note(
          "successfully loaded '\(served.name)' version \(version) in "
            + "\(served.loadNanoseconds / 1_000_000) ms")
        return served
      } catch {
        if tries == 0 { throw error }
        tries -= 1
      }
    }
  }

  /// Puts what was built in the place of what serves. A version that could not be built again goes on as it
  /// was, and so do all where nothing could be built.
  private func replace(
    _ files: ModelFiles, isOverride: Bool, built: [Int: ServedVersion],
    failures: [Int: ServingError]
  ) {
    let name = files.directory.name
    let replaced = state.withLock { models -> [ServedVersion] in
      var entry = models[name] ?? ModelEntry()
      var replaced: [ServedVersion] = []
      if !built.isEmpty {
        let kept = entry.serving.filter { failures[$0.key] != nil }
        replaced = entry.serving.values.filter { kept[$0.version] == nil }
        entry.serving = built.merging(kept) { new, _ in new }
        // A version that the policy no longer wants does not make the model unready.
        entry.status = entry.status.filter { built[$0.key] != nil || failures[$0.key] != nil }
        entry.files = isOverride ? files : nil
      }
      for version in built.keys { entry.status[version] = VersionStatus(state: .ready) }
      for (version, error) in failures where entry.serving[version] == nil {
        entry.status[version] = VersionStatus(state: .unavailable, reason: error.message)
      }
      entry.failure = nil
      entry.fingerprint = files.fingerprint
      entry.draining += replaced.count
      models[name] = entry
      return replaced
    }
    drain(replaced, of: name)
  }
}
