internal import Synchronization

/// Settings of traces and logs that clients read and change while the server runs.
package final class ServerSettings: Sendable {
  private let state: Mutex<State>
  /// Held from reading settings to having told of their change: one change after the other.
  private let changing = Mutex(())
  /// Whether anything is traced at all, to be asked once a request.
  private let tracing: Atomic<Bool>
  /// Whether single requests are logged.
  private let verbose: Atomic<Bool>
  private let initialTrace: TraceSettings
  /// Called after each change of the log's settings.
  private let onLogChange: @Sendable (LogSettings) -> Void

  private struct State {
    var log: LogSettings
    var trace: TraceSettings
    /// What differs from the start.
    var serverChanges = TraceSettings.Changes()
    /// Only what a model sets itself.
    var models: [String: TraceSettings.Changes] = [:]
  }

  package init(
    log: LogSettings = LogSettings(), trace: TraceSettings = TraceSettings(),
    onLogChange: @escaping @Sendable (LogSettings) -> Void = { _ in }
  ) {
    state = Mutex(State(log: log, trace: trace))
    tracing = Atomic(trace.isOn)
    verbose = Atomic(log.verboseLevel > 0)
    initialTrace = trace
    self.onLogChange = onLogChange
  }

  var isTracing: Bool { tracing.load(ordering: .relaxed) }
  var isVerbose: Bool { verbose.load(ordering: .relaxed) }

  package var log: LogSettings { state.withLock { $0.log } }

  /// Changes the log's settings; all or, on an error, none of them.
  package func updateLog(
    _ change: (inout LogSettings) throws(ServingError) -> Void
  ) throws(ServingError) {
    try changing.withLock { (_) throws(ServingError) in
      var settings = log
      try change(&settings)
      let changed = settings
      state.withLock { $0.log = changed }
      verbose.store(changed.verboseLevel > 0, ordering: .relaxed)
      onLogChange(changed)
    }
  }

  /// The settings that apply to a model; those of the server where `model` is nil.
  package func trace(model: String? = nil) -> TraceSettings {
    state.withLock { state in
      guard let model, let own = state.models[model] else { return state.trace }
      return state.trace.applying(own)
    }
  }

  /// Changes settings by name; a nil value makes a model follow the server again, and the server what it
  /// was started with. All or none.
  package func updateTrace(
    model: String? = nil, _ values: [String: [String]?]
  ) throws(ServingError) {
    try changing.withLock { (_) throws(ServingError) in
      var changes = state.withLock { state in
        model.map { state.models[$0] ?? TraceSettings.Changes() } ?? state.serverChanges
      }
      for (name, value) in values.sorted(by: { $0.key < $1.key }) { try changes.set(name, value) }
      let final = changes
      let isOn = state.withLock { state in
        if let model {
          state.models[model] = final
        } else {
          state.serverChanges = final
          state.trace = initialTrace.applying(final)
        }
        return state.trace.isOn || state.models.values.contains { state.trace.applying($0).isOn }
      }
      tracing.store(isOn, ordering: .relaxed)
    }
  }
}
