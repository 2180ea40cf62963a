import CApusPlatform

/// A kernel that does nothing for two milliseconds.
func wasteTime(
  _ arguments: UnsafeRawPointer?, _ slots: UnsafePointer<UnsafeMutableRawPointer?>?,
  _ chunk: UInt32, _ worker: UInt32
) {
  let start = apus_clock_monotonic()
  while apus_clock_monotonic() - start < 2_000_000 {}
}
