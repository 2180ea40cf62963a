internal import CApusPlatform

/// The clocks of statistics and deadlines.
package enum Clock {
  /// Nanoseconds of the monotonic clock.
  package static func now() -> UInt64 { apus_clock_monotonic() }
}
