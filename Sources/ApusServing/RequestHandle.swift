internal import Synchronization

/// A request under way, to be given up by the client.
package final class RequestHandle: Sendable {
  private let state = Mutex(State())

  private struct State {
    var isCancelled = false
    var onCancel: (@Sendable () -> Void)?
  }

  package init() {}

  package var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Says that nobody waits for the answer any more. From any thread, any number of times.
  package func cancel() {
    let action = state.withLock { state in
      state.isCancelled = true
      defer { state.onCancel = nil }
      return state.onCancel
    }
    action?()
  }

  /// Calls `action` when the request is cancelled, at once where it is already; nil for no more.
  package func onCancel(_ action: (@Sendable () -> Void)?) {
    if !keep(action) { action?() }
  }

  /// As `onCancel`, but false, and no call, where the request is cancelled already: for those who hold a
  /// lock that `action` takes.
  func keep(_ action: (@Sendable () -> Void)?) -> Bool {
    state.withLock { state in
      guard !state.isCancelled else { return false }
      state.onCancel = action
      return true
    }
  }
}
