package import ApusServingSchema

/// What bounds the wait of one priority level (`ModelQueuePolicy`).
package struct QueuePolicy: Hashable, Sendable {
  /// What becomes of a request that has waited too long.
  package enum TimeoutAction: Hashable, Sendable {
    /// It fails.
    case reject
    /// It runs after all others of its level.
    case delay
  }

  package var timeoutAction = TimeoutAction.reject
  /// In nanoseconds; 0 for none.
  package var defaultTimeout: UInt64 = 0
  /// Whether a request may ask for a shorter wait.
  package var allowsOverride = false
  /// Requests; 0 for no bound.
  package var maximumSize = 0

  package init() {}

  package init(_ policy: Inference_ModelQueuePolicy) {
    timeoutAction = policy.timeoutAction == .delay ? .delay : .reject
    defaultTimeout = policy.defaultTimeoutMicroseconds.multipliedClamping(by: 1000)
    allowsOverride = policy.allowTimeoutOverride
    maximumSize = Int(policy.maxQueueSize)
  }

  /// When a request that arrives now has waited too long; nil for never. `timeout` is the request's
  /// own in nanoseconds, 0 for none.
  func deadline(now: UInt64, timeout: UInt64) -> UInt64? {
    var limit = defaultTimeout
    if allowsOverride, timeout > 0 { limit = limit == 0 ? timeout : min(limit, timeout) }
    return limit == 0 ? nil : now.addingClamping(limit)
  }
}
