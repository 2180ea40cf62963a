#if Server
internal import ApusServing
internal import Synchronization

/// When requests in flight have to be over. One time for connections and models together, counted from the
/// moment when the ports close.
final class ExitDeadline: Sendable {
  private let limit: UInt64
  private let end = Mutex<UInt64?>(nil)

  init(seconds: Int) { limit = UInt64(max(seconds, 0)) * 1_000_000_000 }

  /// Starts the clock, where nobody has before, and returns its end in nanoseconds of the monotonic clock.
  @discardableResult
  func begin() -> UInt64 {
    end.withLock { end in
      let time = end ?? (Clock.now() &+ limit)
      end = time
      return time
    }
  }
}
#endif
