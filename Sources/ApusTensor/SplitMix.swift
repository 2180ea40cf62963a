/// A small generator with a seed, so that what is random repeats: splitmix64 (Steele, Lea & Flood,
/// 2014).
package struct SplitMix: RandomNumberGenerator, Sendable {
  @usableFromInline var state: UInt64

  @inlinable
  package init(seed: UInt64) { state = seed }

  @inlinable
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var x = state
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }

  /// A number from 0 to below a positive limit.
  @inlinable
  package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
