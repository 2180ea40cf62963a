internal import ApusTensor

/// Deterministic probe data: reals around 0, small non-negative integers, mixed truth values.
struct ProbeValues {
  private var random: SplitMix
  /// Integers are below this, so that they are indices of any axis at least as long.
  private let integerLimit: UInt64

  init(seed: UInt64, integerLimit: UInt64 = 2) {
    random = SplitMix(seed: seed)
    self.integerLimit = integerLimit
  }

  /// A number from 0 to below a positive limit.
  mutating func below(_ limit: Int) -> Int { random.below(limit) }

  mutating func tensor(_ element: ElementType, _ shape: [Int]) -> HostTensor? {
    guard let count = Array.product(shape), count <= 1 << 28 else { return nil }
    switch element.arithmetic {
    case .real:
      let values = (0..<count).map { _ in Double(random.next() >> 40) / Double(1 << 23) - 1 }
      return try? HostTensor(element, shape: shape, .real(values))
    case .signed, .unsigned:
      let values = (0..<count).map { _ in Int64(random.next() % integerLimit) }
      return try? HostTensor(element, shape: shape, .signed(values))
    case .boolean:
      let values = (0..<count).map { _ in random.next() & 1 == 0 }
      return try? HostTensor(element, shape: shape, .boolean(values))
    case .text, .complex: return nil
    }
  }
}
