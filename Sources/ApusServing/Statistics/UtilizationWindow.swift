internal import Synchronization

/// Turns counters of processor time into shares of what passed between two looks.
final class UtilizationWindow: Sendable {
  private let state = Mutex<(total: UInt64, idle: UInt64)>((0, 0))

  func advance(total: UInt64, idle: UInt64) -> Double {
    state.withLock { state in
      let passed = total &- state.total
      let rested = idle &- state.idle
      state = (total, idle)
      guard passed > 0, passed < 1 << 62, rested <= passed else { return 0 }
      return Double(passed - rested) / Double(passed)
    }
  }
}
