/// The state of one version of a model, as the repository index shows it.
package struct VersionStatus: Hashable, Sendable {
  package enum State: String, Sendable {
    case ready = "READY"
    case loading = "LOADING"
    case unloading = "UNLOADING"
    case unavailable = "UNAVAILABLE"
  }

  package var state: State
  /// Why it is not ready.
  package var reason = ""
}

/// What the repository knows of a model.
struct ModelEntry {
  /// Versions that take requests.
  var serving: [Int: ServedVersion] = [:] {
    didSet { newest = serving.max { $0.key < $1.key }?.value }
  }
  private(set) var newest: ServedVersion?
  var status: [Int: VersionStatus] = [:]
  /// Why no version could even be tried.
  var failure: String?
  /// What a client has loaded it with instead of what the repository holds.
  var files: ModelFiles?
  /// Of the files that were loaded last, or could not be.
  var fingerprint: [String: [UInt64]] = [:]
  /// Whether a client or the start asked for it, so that it counts for readiness.
  var isWanted = false
  /// Whether a load is under way.
  var isBusy = false
  /// Whether it was unloaded during a load, which is undone then.
  var isUnloadWaiting = false
  /// Versions that are finishing their requests.
  var draining = 0

  var isReady: Bool {
    !serving.isEmpty && failure == nil && status.values.allSatisfy { $0.state != .unavailable }
  }
}
