/// When a request passed its stations, in nanoseconds of the monotonic clock.
package struct RequestTimes: Sendable {
  package var arrival: UInt64
  /// When the request was whole and decoded.
  package var received: UInt64 = 0
  package var queueStart: UInt64 = 0
  package var computeStart: UInt64 = 0
  package var inputEnd: UInt64 = 0
  package var outputStart: UInt64 = 0
  package var computeEnd: UInt64 = 0

  init(arrival: UInt64) { self.arrival = arrival }
}

/// Why a request failed, as metrics group it.
package enum FailureReason: String, Sendable, CaseIterable {
  case rejected = "REJECTED"
  case canceled = "CANCELED"
  case backend = "BACKEND"
  case other = "OTHER"
}
