extension Extent {
  /// Whether the extent is provably at least 0, given that no symbol is ever negative.
  package var isNonNegative: Bool {
    switch self {
    case .fixed(let value): value >= 0
    case .expression(let polynomial):
      polynomial.terms.allSatisfy { term in
        term.coefficient >= 0 && term.factors.allSatisfy(\.isNonNegative)
      }
    }
  }

  /// Whether the extent is provably at least 1.
  package var isPositive: Bool { (self - .one).isNonNegative }

  /// Whether the extent is provably at most another.
  package func isAtMost(_ other: Extent) -> Bool { (other - self).isNonNegative }

  /// The lesser of two, without `min` where the order is provable.
  package static func lesser(_ left: Extent, _ right: Extent) -> Extent {
    if left.isAtMost(right) { return left }
    if right.isAtMost(left) { return right }
    return .minimum(left, right)
  }

  /// The extent, or 0 where it is negative; without `max` where the sign is provable.
  package var clampedToZero: Extent {
    if isNonNegative { return self }
    if (Extent.zero - self).isNonNegative { return .zero }
    return .maximum(self, .zero)
  }
}

extension Polynomial.Atom {
  fileprivate var isNonNegative: Bool {
    switch self {
    case .symbol: true
    case .quotient(let a, let b), .minimum(let a, let b), .broadcast(let a, let b):
      a.isNonNegative && b.isNonNegative
    case .maximum(let a, let b): a.isNonNegative || b.isNonNegative
    case .overflow: false
    }
  }
}
