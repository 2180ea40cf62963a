/// Philox4x32-10: random words as a function of a key and a counter, so that each element of a tensor has
/// its own, in whatever order they are computed. Source: Salmon et al., "Parallel random numbers: as
/// easy as 1, 2, 3", 2011.
package struct Philox: Sendable {
  private let key: (UInt32, UInt32)

  package init(seed: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  /// The generator of a seed, or of one drawn from the system.
  package init(seed: Int?) {
    if let seed {
      self.init(seed: UInt64(bitPattern: Int64(seed)))
    } else {
      var system = SystemRandomNumberGenerator()
      self.init(seed: system.next())
    }
  }

  /// Four words for a counter.
  package func words(_ counter: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
    var x = (
      UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), UInt32(0),
      UInt32(0)
    )
    var k = key
    for _ in 0..<10 {
      let a = UInt64(x.0) &* 0xD251_1F53
      let b = UInt64(x.2) &* 0xCD9E_8D57
      x = (
        UInt32(truncatingIfNeeded: b >> 32) ^ x.1 ^ k.0, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ x.3 ^ k.1, UInt32(truncatingIfNeeded: a)
      )
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return x
  }

  /// A number from 0 up to, but not including, 1, with up to 53 random bits.
  package func unit(_ index: Int, bits: Int = 53) -> Double {
    let words = words(UInt64(truncatingIfNeeded: index >> 1))
    let (high, low) = index & 1 == 0 ? (words.0, words.1) : (words.2, words.3)
    let word = UInt64(high) << 32 | UInt64(low)
    let width = min(max(bits, 1), 53)
    return Double(word >> UInt64(64 - width))
      * Double(sign: .plus, exponent: -width, significand: 1)
  }
}
