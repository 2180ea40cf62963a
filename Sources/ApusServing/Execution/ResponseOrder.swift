internal import Synchronization

/// Lets actions happen in the order of their tickets, whichever is ready first.
final class ResponseOrder: Sendable {
  private struct State {
    var nextTicket = 0
    var nextToRun = 0
    var ready: [Int: @Sendable () -> Void] = [:]
    var isRunning = false
  }

  private let state = Mutex(State())

  func ticket() -> Int {
    state.withLock { state in
      defer { state.nextTicket += 1 }
      return state.nextTicket
    }
  }

  /// Runs `action` after those of all earlier tickets, on this thread or the one that completes them.
  func complete(_ ticket: Int, _ action: @escaping @Sendable () -> Void) {
    state.withLock { $0.ready[ticket] = action }
    // Whoever runs actions goes on until the next one lacks, so that none overtakes another.
    while true {
      let next: (@Sendable () -> Void)? = state.withLock { state in
        guard !state.isRunning, let action = state.ready.removeValue(forKey: state.nextToRun)
        else { return nil }
        state.isRunning = true
        state.nextToRun += 1
        return action
      }
      guard let next else { return }
      next()
      state.withLock { $0.isRunning = false }
    }
  }
}
