/// The length of one dimension: a number, or a polynomial over symbols in canonical form.
///
/// Two extents that are the same polynomial compare equal however they were computed, so
/// `past + sequence` equals `sequence + past`. Arithmetic is total: what leaves `Int` becomes
/// `Extent.overflow`, which no type accepts.
package enum Extent: Hashable, Sendable {
  case fixed(Int)
  case expression(Polynomial)

  package static let zero = Extent.fixed(0)
  package static let one = Extent.fixed(1)
  package static let overflow = Extent(atom: .overflow)

  package static func symbol(_ name: String) -> Extent { Extent(atom: .symbol(name)) }

  /// Quotients, minima, maxima and broadcasts over more than `sizeLimit` symbols become `overflow`.
  package init(atom: Polynomial.Atom) {
    var budget = Self.sizeLimit
    let operands = atom.operands
    let small = operands.allSatisfy { $0.consume(&budget, depth: Self.depthLimit) }
    self = .expression(
      Polynomial(terms: [.init(factors: [small ? atom : .overflow], coefficient: 1)]))
  }

  /// Bounds on nested expressions, so that a hostile model cannot make arithmetic on them, which
  /// walks them recursively, deep or slow.
  static let sizeLimit = 4096
  static let depthLimit = 64

  /// Counts the expression against a budget; false where it exceeds the budget or the depth.
  private func consume(_ budget: inout Int, depth: Int) -> Bool {
    budget -= 1
    guard budget >= 0, depth > 0 else { return false }
    guard case .expression(let polynomial) = self else { return true }
    for term in polynomial.terms {
      for factor in term.factors {
        budget -= 1
        for operand in factor.operands where !operand.consume(&budget, depth: depth - 1) {
          return false
        }
      }
    }
    return budget >= 0
  }

  /// The number, where no symbol is left.
  package var fixed: Int? {
    if case .fixed(let value) = self { value } else { nil }
  }

  package var isOverflow: Bool {
    guard case .expression(let polynomial) = self else { return false }
    return polynomial.contains(.overflow)
  }

  var polynomial: Polynomial {
    switch self {
    case .fixed(0): Polynomial(terms: [])
    case .fixed(let value): Polynomial(terms: [.init(factors: [], coefficient: value)])
    case .expression(let polynomial): polynomial
    }
  }

  init(_ polynomial: Polynomial?) {
    guard let polynomial else {
      self = .overflow
      return
    }
    switch polynomial.terms.count {
    case 0: self = .fixed(0)
    case 1 where polynomial.terms[0].factors.isEmpty: self = .fixed(polynomial.terms[0].coefficient)
    default: self = .expression(polynomial)
    }
  }

  package static func + (left: Extent, right: Extent) -> Extent {
    if case .fixed(let a) = left, case .fixed(let b) = right {
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? .overflow : .fixed(sum)
    }
    return Extent(left.polynomial.adding(right.polynomial))
  }

  package static func - (left: Extent, right: Extent) -> Extent { left + right * .fixed(-1) }

  package static func * (left: Extent, right: Extent) -> Extent {
    if case .fixed(let a) = left, case .fixed(let b) = right {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? .overflow : .fixed(product)
    }
    return Extent(left.polynomial.multiplied(by: right.polynomial))
  }

  /// The quotient rounded towards minus infinity; division by zero gives `overflow`.
  package func floorDivided(by divisor: Extent) -> Extent {
    if divisor == .zero { return .overflow }
    if divisor == .one { return self }
    if case .fixed(let a) = self, case .fixed(let b) = divisor {
      guard !(a == .min && b == -1) else { return .overflow }
      let quotient = a / b
      return .fixed(a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient)
    }
    if self == divisor { return .one }
    if let exact = polynomial.dividedExactly(by: divisor.polynomial) { return Extent(exact) }
    return Extent(atom: .quotient(self, divisor))
  }

  package func ceilingDivided(by divisor: Extent) -> Extent {
    .zero - (.zero - self).floorDivided(by: divisor)
  }

  package static func minimum(_ left: Extent, _ right: Extent) -> Extent {
    if left == right { return left }
    if case .fixed(let a) = left, case .fixed(let b) = right { return .fixed(Swift.min(a, b)) }
    return Extent(atom: .minimum(Swift.min(left, right), Swift.max(left, right)))
  }

  package static func maximum(_ left: Extent, _ right: Extent) -> Extent {
    if left == right { return left }
    if case .fixed(let a) = left, case .fixed(let b) = right { return .fixed(Swift.max(a, b)) }
    return Extent(atom: .maximum(Swift.min(left, right), Swift.max(left, right)))
  }

  /// The extent with every bound symbol replaced; unbound symbols stay.
  package func substituting(_ bindings: [String: Int]) -> Extent {
    switch self {
    case .fixed: self
    case .expression(let polynomial): polynomial.substituting(bindings)
    }
  }

  /// Names of all symbols in the extent.
  package var symbols: Set<String> {
    switch self {
    case .fixed: []
    case .expression(let polynomial): polynomial.symbols
    }
  }
}

extension Extent: Comparable {
  /// A total order for canonical forms; it says nothing about magnitudes of symbolic extents.
  package static func < (left: Extent, right: Extent) -> Bool {
    switch (left, right) {
    case (.fixed(let a), .fixed(let b)): a < b
    case (.fixed, .expression): true
    case (.expression, .fixed): false
    case (.expression(let a), .expression(let b)): a < b
    }
  }
}

extension Extent: ExpressibleByIntegerLiteral {
  package init(integerLiteral value: Int) { self = .fixed(value) }
}

extension Extent: CustomStringConvertible {
  package var description: String {
    switch self {
    case .fixed(let value): String(value)
    case .expression(let polynomial): polynomial.description
    }
  }
}
