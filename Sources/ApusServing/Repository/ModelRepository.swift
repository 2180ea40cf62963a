internal import ApusModelConfig
internal import ApusServingSchema
internal import Synchronization

/// The models of a server: finds, loads, replaces and unloads them.
///
/// Loads of one model follow each other, loads of several run side by side. A version that is replaced
/// serves until the new one is ready, and finishes the requests that it has.
package final class ModelRepository: Sendable {
  package let options: RepositoryOptions
  let state = Monitor<[String: ModelEntry]>([:])
  let resources: ServingResources
  /// Threads that load models.
  let pool: WorkerPool
  /// Whether the server ends, so that nothing more is loaded; written under the lock of `state`.
  let isStopping = Atomic(false)

  init(_ resources: ServingResources) throws(ServingError) {
    options = resources.options
    self.resources = resources
    pool = try WorkerPool("apus-load", threads: options.loadThreads)
  }

  // MARK: Looking up

  /// The version that serves a request now. Throws in the protocol's words.
  func version(_ model: String, _ version: Int?) throws(ServingError) -> ServedVersion {
    if version == nil, let newest = state.withLock({ $0[model]?.newest }) { return newest }
    let other: Result<ServedVersion, ServingError> = state.withLock { models in
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
      return .failure(
        ServingError(
          .notFound, "Request for unknown model: '\(model)' has no available versions"))
    }
    return try other.get()
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
    let names = Set(try scan().models.keys)
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

  /// Models of all repositories by name. What two of them hold is in `duplicates` alone.
  func scan() throws(ServingError) -> (
    models: [String: ModelDirectory], duplicates: Set<String>
  ) {
    var models: [String: ModelDirectory] = [:]
    var duplicates: Set<String> = []
    for path in options.paths {
      for directory in try ModelDirectory.scan(path)
      where models.updateValue(directory, forKey: directory.name) != nil {
        duplicates.insert(directory.name)
      }
    }
    for name in duplicates { models[name] = nil }
    return (models, duplicates)
  }
}
