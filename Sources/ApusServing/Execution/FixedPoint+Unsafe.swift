internal import CApusPlatform

/// Decimal texts of a fixed number of places.
enum FixedPoint {
  /// As `printf("%.<decimals>f")` in the "C" locale; up to 20 decimals.
  static func text(_ value: Double, decimals: UInt32) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 344) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      let length = unsafe apus_format_double_fixed(value, min(decimals, 20), start, buffer.count)
      return unsafe String(
        decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }
  }
}
