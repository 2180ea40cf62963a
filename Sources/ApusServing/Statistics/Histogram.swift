/// Durations by size: four buckets for each doubling from 1 µs to over a minute, so that a quantile read
/// off is at most 19 % too large.
package struct Histogram: Sendable {
  /// Upper bounds in nanoseconds; the last bucket has none.
  package static let bounds: [UInt64] = {
    var bounds: [UInt64] = []
    var octave: Double = 1000
    while octave < 1.2e11 {
      for step in [1.0, 1.189_207_115, 1.414_213_562, 1.681_792_831] {
        bounds.append(UInt64(octave * step))
      }
      octave *= 2
    }
    return bounds
  }()

  package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  package private(set) var total: UInt64 = 0
  package private(set) var sum: UInt64 = 0

  package init() {}

  package mutating func add(_ nanoseconds: UInt64) {
    // Octaves begin a little below the powers of two from 2¹⁰ on: the bound is one of the next six.
    let bits = UInt64.bitWidth - nanoseconds.leadingZeroBitCount
    var place = min(max(bits - 11, 0) * 4, Self.bounds.count)
    while place < Self.bounds.count, Self.bounds[place] < nanoseconds { place += 1 }
    counts[place] += 1
    total += 1
    sum &+= nanoseconds
  }

  /// The bound below which `fraction` of the durations lie, in nanoseconds; 0 where there are none.
  package func quantile(_ fraction: Double) -> UInt64 {
    guard total > 0 else { return 0 }
    let rank = UInt64((Double(total) * fraction).rounded(.up))
    var seen: UInt64 = 0
    for (index, count) in counts.enumerated() {
      seen += count
      if seen >= max(rank, 1) { return Self.bounds[min(index, Self.bounds.count - 1)] }
    }
    return Self.bounds.last ?? 0
  }
}
