internal import ApusTensor

/// Deterministic probe data: reals around 0, small non-negative integers, mixed truth values.
struct ProbeValues {
  private var state: UInt64
  /// Integers are below this, so that they are indices of any axis at least as long.
  private let integerLimit: UInt64

  init(seed: UInt64, integerLimit: UInt64 = 2) {
    state = seed
    self.integerLimit = integerLimit
  }

  /// splitmix64 (Steele et al. 2014).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var x = state
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }

  /// A number from 0 to below a positive limit.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  mutating func tensor(_ element: ElementType, _ shape: [Int]) -> HostTensor? {
    guard let count = Array.product(shape), count <= 1 << 28 else { return nil }
    switch element.arithmetic {
    case .real:
      let values = (0..<count).map { _ in Double(next() >> 40) / Double(1 << 23) - 1 }
      return try? HostTensor(element, shape: shape, .real(values))
    case .signed, .unsigned:
      let values = (0..<count).map { _ in Int64(next() % integerLimit) }
      return try? HostTensor(element, shape: shape, .signed(values))
    case .boolean:
      let values = (0..<count).map { _ in next() & 1 == 0 }
      return try? HostTensor(element, shape: shape, .boolean(values))
    case .text, .complex: return nil
    }
  }
}
