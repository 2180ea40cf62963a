internal import ApusModelConfig
internal import ApusTensor
internal import CApusPlatform
internal import ApusServingSchema

/// The models of a server: finds, loads, replaces and unloads them.
///
/// Loads of one model follow each other, loads of several run side by side. A version that is replaced
/// serves until the new one is ready, and finishes the requests that it has.
package final class ModelRepository: Sendable {
  package let options: RepositoryOptions
  private let state = Monitor<[String: ModelEntry]>([:])
  private let resources: ServingResources
  private let pool: WorkerPool

  init(_ resources: ServingResources) throws(ServingError) {
    options = resources.options
    self.resources = resources
    pool = try WorkerPool("apus-load", threads: options.loadThreads)
  }

  // MARK: Looking up

  /// The version that serves a request now. Throws in the protocol's words.
  func version(_ model: String, _ version: Int?) throws(ServingError) -> ServedVersion {
    let found: Result<ServedVersion, ServingError> = state.withLock { models in
      guard let entry = models[model] else {
        return .failure(
          ServingError(.notFound, "Request for unknown model: '\(model)' is not found"))
      }
      if let version {
        if let served = entry.serving[version] { return .success(served) }
        guard let status = entry.status[version] else {
          return .failure(
            ServingError(
              .notFound, "Request for unknown model: '\(model)' version \(version) is not found"))
        }
        let reason = status.reason.isEmpty ? "" : ": \(status.reason)"
        return .failure(
          ServingError(
            .unavailable,
            "Request for unknown model: '\(model)' version \(version) is not at ready state\(reason)"
          ))
      }
      if let newest = entry.newest { return .success(newest) }
      return .failure(
        ServingError(
          .notFound, "Request for unknown model: '\(model)' has no available versions"))
    }
    return try found.get()
  }

  /// All versions that take requests, by name and version.
  package var served: [ServedVersion] {
    state.withLock { models in models.values.flatMap(\.serving.values) }
      .sorted { ($0.name, $0.version) < ($1.name, $1.version) }
  }

  /// Versions of one model that take requests, by number.
  func versions(of model: String) -> [ServedVersion] {
    state.withLock { $0[model].map { Array($0.serving.values) } ?? [] }
      .sorted { $0.version < $1.version }
  }

  func knows(_ model: String) -> Bool { state.withLock { $0[model] != nil } }

  /// Whether every model that was asked for is ready; without strictness always.
  var isReady: Bool {
    guard options.isStrict else { return true }
    return state.withLock { models in models.values.allSatisfy { !$0.isWanted || $0.isReady } }
  }

  /// Models that could not be loaded, with the reason.
  package var failures: [(model: String, reason: String)] {
    state.withLock { models in
      models.filter { $0.value.isWanted && !$0.value.isReady }.map { name, entry in
        let reasons =
          [entry.failure].compactMap(\.self)
          + entry.status.sorted { $0.key < $1.key }.map { "version \($0.key): \($0.value.reason)" }
        return (name, reasons.joined(separator: "; "))
      }
    }.sorted { $0.model < $1.model }
  }

  /// All models that the repositories hold, with the states of those that were ever loaded.
  func index() throws(ServingError) -> [Inference_RepositoryIndexResponse.ModelIndex] {
    let names = Set(try directories().keys)
    let entries = state.withLock { $0.mapValues { ($0.status, $0.failure) } }
    var index: [Inference_RepositoryIndexResponse.ModelIndex] = []
    for name in names.union(entries.keys).sorted() {
      var item = Inference_RepositoryIndexResponse.ModelIndex()
      item.name = name
      let (status, failure) = entries[name] ?? ([:], nil)
      if status.isEmpty {
        if let failure {
          item.state = VersionStatus.State.unavailable.rawValue
          item.reason = failure
        }
        index.append(item)
      }
      for (version, status) in status.sorted(by: { $0.key < $1.key }) {
        item.version = "\(version)"
        item.state = status.state.rawValue
        item.reason = status.reason
        index.append(item)
      }
    }
    return index
  }

  // MARK: Files

  /// Models of all repositories by name. A name that two hold is in neither.
  private func directories() throws(ServingError) -> [String: ModelDirectory] {
    var found: [String: ModelDirectory] = [:]
    var twice: Set<String> = []
    for path in options.paths {
      for directory in try ModelDirectory.scan(path) {
        if found.updateValue(directory, forKey: directory.name) != nil {
          twice.insert(directory.name)
        }
      }
    }
    for name in twice { found[name] = nil }
    return found
  }

  /// Names that two repositories hold.
  private func duplicates() -> [String] {
    var seen: Set<String> = []
    var twice: Set<String> = []
    for path in options.paths {
      for directory in (try? ModelDirectory.scan(path)) ?? []
      where !seen.insert(directory.name).inserted {
        twice.insert(directory.name)
      }
    }
    return twice.sorted()
  }

  // MARK: Loading

  /// Loads what is to be there at the start; returns when all is loaded or has failed.
  func loadAtStart() async throws(ServingError) {
    let directories = try directories()
    for name in duplicates() {
      fail(name, "two repositories hold a model '\(name)'; use names of their own")
    }
    var names = Set(directories.keys)
    if options.control == .explicit {
      let asked = Set(options.startupModels)
      if !asked.contains("*") {
        for name in asked.subtracting(names) {
          fail(name, "failed to load '\(name)', failed to poll from model repository")
        }
        names = asked.intersection(names)
      }
    }
    await load(names.compactMap { directories[$0] })
  }

  private func fail(_ model: String, _ reason: String) {
    resources.note("\(model): \(reason)")
    state.withLock { models in
      models[model, default: ModelEntry()].failure = reason
      models[model]?.isWanted = true
    }
  }

  /// Loads several models side by side, those that others are made of first.
  private func load(_ directories: [ModelDirectory]) async {
    var read: [(ModelDirectory, ModelFiles?)] = []
    for directory in directories {
      do throws(ServingError) {
        read.append((directory, try ModelFiles(directory, configName: options.configName)))
      } catch {
        fail(directory.name, error.message)
      }
    }
    var rest = read.compactMap(\.1)
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
        try loadNow(name, override) { failure = $0 }
      } catch { failure = error }
      return failure.map { .failure($0) } ?? .success(())
    }
    try result.get()
  }

  private func loadNow(
    _ name: String, _ override: LoadOverride, _ report: (ServingError) -> Void
  ) throws(ServingError) {
    guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
      throw ServingError(.invalidArgument, "failed to load '\(name)', which is no name of a model")
    }
    let directory = try directories()[name]
    let files: ModelFiles
    let isOverride = override.config != nil || !override.files.isEmpty
    if isOverride {
      files = try ModelFiles(directory, name: name, override)
    } else {
      guard let directory else {
        throw ServingError(
          .internalFailure, "failed to load '\(name)', failed to poll from model repository")
      }
      files = try ModelFiles(directory, configName: options.configName)
    }
    // An ensemble needs its parts.
    for step in files.config.ensembleScheduling.step where step.modelName != name {
      if (try? version(step.modelName, nil)) == nil {
        var failure: ServingError?
        try loadNow(step.modelName, LoadOverride()) { failure = $0 }
        if let failure { throw failure }
      }
    }
    install(files, isOverride: isOverride, report)
  }

  /// Builds all versions of a model that are wanted and puts them in the place of those that serve.
  /// Blocks; one at a time for a model.
  private func install(
    _ files: ModelFiles, isOverride: Bool, _ report: (ServingError) -> Void
  ) {
    let name = files.directory.name
    state.wait { models -> Monitor<[String: ModelEntry]>.Step<Void> in
      if models[name]?.isBusy == true { return .wait(until: Monitor<[String: ModelEntry]>.never) }
      var entry = models[name] ?? ModelEntry()
      entry.isBusy = true
      entry.isWanted = true
      models[name] = entry
      return .done(())
    }
    defer {
      state.withLock { $0[name]?.isBusy = false }
      state.broadcast()
    }
    let fingerprint = files.directory.fingerprint()
    let wanted: [Int]
    do throws(ServingError) {
      wanted = try files.wanted()
      guard !wanted.isEmpty else {
        throw ServingError(
          .invalidArgument,
          "at least one version must be available under the version policy of model '\(name)'")
      }
    } catch {
      state.withLock { models in
        models[name]?.failure = error.message
        models[name]?.fingerprint = fingerprint
      }
      resources.note("failed to load '\(name)': \(error.message)")
      return report(error)
    }
    state.withLock { models in
      for version in wanted where models[name]?.serving[version] == nil {
        models[name]?.status[version] = VersionStatus(state: .loading)
      }
    }
    var built: [Int: ServedVersion] = [:]
    var failures: [Int: ServingError] = [:]
    for version in wanted {
      do throws(ServingError) { built[version] = try build(files, version) } catch {
        failures[version] = error
        resources.note("failed to load '\(name)' version \(version): \(error.message)")
      }
    }
    replace(
      name, files, isOverride: isOverride, built: built, failures: failures, fingerprint)
    if let (version, error) = failures.min(by: { $0.key < $1.key }) {
      report(error.prefixed("failed to load '\(name)' version \(version), "))
    }
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

  private func replace(
    _ name: String, _ files: ModelFiles, isOverride: Bool, built: [Int: ServedVersion],
    failures: [Int: ServingError], _ fingerprint: [String: [UInt64]]
  ) {
    let replaced = state.withLock { models -> [ServedVersion] in
      var entry = models[name] ?? ModelEntry()
      // Where nothing could be built, what serves goes on.
      let keepsOld = built.isEmpty
      var replaced: [ServedVersion] = []
      if !keepsOld {
        replaced = Array(entry.serving.values)
        entry.serving = built
        for (version, status) in entry.status where status.state != .unavailable {
          if built[version] == nil, failures[version] == nil {
            entry.status[version] = VersionStatus(state: .unavailable, reason: "unloaded")
          }
        }
        entry.files = isOverride ? files : nil
      }
      for version in built.keys { entry.status[version] = VersionStatus(state: .ready) }
      for (version, error) in failures where entry.serving[version] == nil {
        entry.status[version] = VersionStatus(state: .unavailable, reason: error.message)
      }
      entry.failure = nil
      entry.fingerprint = fingerprint
      // A version that the policy no longer wants does not make the model unready.
      if !keepsOld {
        entry.status = entry.status.filter { built[$0.key] != nil || failures[$0.key] != nil }
      }
      entry.draining += replaced.count
      models[name] = entry
      return replaced
    }
    drain(replaced, of: name)
    resources.cache?.remove(model: name)
  }

  /// Lets versions finish and forgets them.
  private func drain(_ versions: [ServedVersion], of name: String) {
    for version in versions {
      version.stop { [self] in
        state.withLock { models in
          models[name]?.draining -= 1
          if models[name]?.draining == 0, models[name]?.serving.isEmpty == true {
            for number in models[name]?.status.keys ?? [:].keys
            where models[name]?.status[number]?.state == .unloading {
              models[name]?.status[number] = VersionStatus(
                state: .unavailable, reason: "unloaded")
            }
          }
        }
        state.broadcast()
        // The thread that ran the model still holds it: memory goes back a moment later.
        resources.timer.schedule(at: Clock.now() + 200_000_000) { apus_memory_trim() }
      }
    }
  }

  // MARK: Unloading

  /// Stops serving a model; requests that it has are finished. With its dependents, the models that an
  /// ensemble is made of are unloaded as well.
  func unload(_ name: String, withDependents: Bool) throws(ServingError) {
    let isHeld = try directories()[name] != nil
    guard isHeld || knows(name) else {
      throw ServingError(.notFound, "failed to unload '\(name)', which no model repository holds")
    }
    let parts = versions(of: name).last?.config.ensembleScheduling.step.map(\.modelName) ?? []
    let stopped = state.withLock { models -> [ServedVersion] in
      guard var entry = models[name] else { return [] }
      let stopped = Array(entry.serving.values)
      entry.serving = [:]
      entry.isWanted = false
      entry.failure = nil
      entry.files = nil
      for version in entry.status.keys {
        entry.status[version] = VersionStatus(
          state: stopped.isEmpty ? .unavailable : .unloading, reason: "unloaded")
      }
      entry.draining += stopped.count
      models[name] = entry
      return stopped
    }
    drain(stopped, of: name)
    resources.cache?.remove(model: name)
    if withDependents {
      for part in Set(parts) where part != name { try unload(part, withDependents: true) }
    }
  }

  /// Unloads everything and waits until all requests are finished, at most until `deadline`. True
  /// where they are.
  func stopAll(deadline: UInt64) async -> Bool {
    for name in Set(served.map(\.name)) { try? unload(name, withDependents: false) }
    return await pool.run { [state] in
      state.wait { models in
        if models.values.allSatisfy({ $0.draining == 0 }) { return .done(true) }
        return Clock.now() >= deadline ? .done(false) : .wait(until: deadline)
      }
    }
  }

  // MARK: Polling

  /// Looks once for models that are new, gone or changed, and loads or unloads them.
  func poll() async {
    guard let directories = try? directories() else { return }
    let known = state.withLock { $0.mapValues { ($0.fingerprint, $0.isWanted, $0.files != nil) } }
    var changed: [ModelDirectory] = []
    for (name, directory) in directories {
      guard let (fingerprint, isWanted, isOverride) = known[name], isWanted else {
        changed.append(directory)
        continue
      }
      if !isOverride, directory.fingerprint() != fingerprint { changed.append(directory) }
    }
    for (name, entry) in known where directories[name] == nil && entry.1 {
      try? unload(name, withDependents: false)
    }
    await load(changed)
  }
}
