internal import CApusPlatform

/// State that threads share and wait on. Waiting threads block, so none may be of the cooperative
/// pool.
@safe package final class Monitor<State>: @unchecked Sendable {
  private let monitor: OpaquePointer
  private var state: State

  package init(_ state: sending State) {
    guard let monitor = unsafe apus_monitor_create() else {
      fatalError("out of memory for a lock")
    }
    unsafe self.monitor = monitor
    self.state = state
  }

  enum Step<Result> {
    case done(Result)
    /// Look again when signalled, or when the clock has reached so many nanoseconds.
    case wait(until: UInt64)
  }

  static var never: UInt64 { .max }

  package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    unsafe apus_monitor_lock(monitor)
    defer { unsafe apus_monitor_unlock(monitor) }
    return body(&state)
  }

  /// Repeats `step` until it is done.
  func wait<Result>(_ step: (inout State) -> Step<Result>) -> Result {
    unsafe apus_monitor_lock(monitor)
    defer { unsafe apus_monitor_unlock(monitor) }
    while true {
      switch step(&state) {
      case .done(let result): return result
      case .wait(let deadline): unsafe apus_monitor_wait(monitor, deadline)
      }
    }
  }

  /// Wakes one waiting thread.
  func signal() { unsafe apus_monitor_signal(monitor) }

  /// Wakes all waiting threads.
  func broadcast() { unsafe apus_monitor_broadcast(monitor) }

  deinit { unsafe apus_monitor_destroy(monitor) }
}
