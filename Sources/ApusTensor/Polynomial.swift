/// A multivariate polynomial with integer coefficients in canonical form: terms sorted by their
/// factors, no zero coefficients, factors of a term sorted.
package struct Polynomial: Hashable, Sendable {
  /// What a polynomial multiplies: a symbol, or an operation that has no polynomial form.
  package indirect enum Atom: Hashable, Sendable, Comparable {
    case symbol(String)
    case quotient(Extent, Extent)
    case minimum(Extent, Extent)
    case maximum(Extent, Extent)
    case broadcast(Extent, Extent)
    case overflow
  }

  package struct Term: Hashable, Sendable {
    package var factors: [Atom]
    package var coefficient: Int
  }

  package let terms: [Term]

  init(terms: [Term]) { self.terms = terms }

  /// Sorts, merges and drops zeros; nil where a coefficient leaves `Int`.
  private static func canonical(_ terms: [Term]) -> Polynomial? {
    var merged: [[Atom]: Int] = [:]
    for term in terms {
      let (sum, overflow) = merged[term.factors, default: 0]
        .addingReportingOverflow(term.coefficient)
      guard !overflow else { return nil }
      merged[term.factors] = sum
    }
    let kept = merged.filter { $0.value != 0 }
      .map { Term(factors: $0.key, coefficient: $0.value) }
      .sorted { Self.precedes($0.factors, $1.factors) }
    guard kept.count <= termLimit else { return nil }
    return Polynomial(terms: kept)
  }

  private static func precedes(_ left: [Atom], _ right: [Atom]) -> Bool {
    if left.count != right.count { return left.count > right.count }
    return left.lexicographicallyPrecedes(right)
  }

  func contains(_ atom: Atom) -> Bool {
    terms.contains { $0.factors.contains { $0 == atom || $0.operands.contains { $0.isOverflow } } }
  }

  func adding(_ other: Polynomial) -> Polynomial? { Self.canonical(terms + other.terms) }

  /// More terms, or factors in one, than any model's shapes need are given up on.
  static let termLimit = 256
  static let factorLimit = 128

  func multiplied(by other: Polynomial) -> Polynomial? {
    guard terms.count * other.terms.count <= Self.termLimit else { return nil }
    var products: [Term] = []
    for left in terms {
      for right in other.terms {
        let (coefficient, overflow) = left.coefficient
          .multipliedReportingOverflow(by: right.coefficient)
        guard !overflow else { return nil }
        let factors = left.factors + right.factors
        guard factors.count <= Self.factorLimit else { return nil }
        products.append(Term(factors: factors.sorted(), coefficient: coefficient))
      }
    }
    return Self.canonical(products)
  }

  /// The quotient by a single term that divides every term, or nil.
  func dividedExactly(by divisor: Polynomial) -> Polynomial? {
    guard divisor.terms.count == 1, let by = divisor.terms.first, by.coefficient != 0 else {
      return nil
    }
    var result: [Term] = []
    for term in terms {
      guard term.coefficient != .min, term.coefficient % by.coefficient == 0 else { return nil }
      var factors = term.factors
      for factor in by.factors {
        guard let index = factors.firstIndex(of: factor) else { return nil }
        factors.remove(at: index)
      }
      result.append(Term(factors: factors, coefficient: term.coefficient / by.coefficient))
    }
    return Self.canonical(result)
  }

  func substituting(_ bindings: [String: Int]) -> Extent {
    var sum = Extent.zero
    for term in terms {
      var product = Extent.fixed(term.coefficient)
      for factor in term.factors {
        switch factor {
        case .symbol(let name):
          product = product * (bindings[name].map(Extent.fixed) ?? .symbol(name))
        case .quotient(let a, let b):
          product = product * a.substituting(bindings).floorDivided(by: b.substituting(bindings))
        case .minimum(let a, let b):
          product = product * .minimum(a.substituting(bindings), b.substituting(bindings))
        case .maximum(let a, let b):
          product = product * .maximum(a.substituting(bindings), b.substituting(bindings))
        case .broadcast(let a, let b):
          product = product * .broadcast(a.substituting(bindings), b.substituting(bindings))
        case .overflow:
          return .overflow
        }
      }
      sum = sum + product
    }
    return sum
  }

  var symbols: Set<String> {
    var names: Set<String> = []
    for term in terms {
      for factor in term.factors {
        if case .symbol(let name) = factor { names.insert(name) }
        for operand in factor.operands { names.formUnion(operand.symbols) }
      }
    }
    return names
  }
}

extension Polynomial.Atom {
  var operands: [Extent] {
    switch self {
    case .symbol, .overflow: []
    case .quotient(let a, let b), .minimum(let a, let b), .maximum(let a, let b),
      .broadcast(let a, let b):
      [a, b]
    }
  }
}

extension Polynomial: Comparable {
  package static func < (left: Polynomial, right: Polynomial) -> Bool {
    for (a, b) in zip(left.terms, right.terms) {
      if a.factors != b.factors { return precedes(a.factors, b.factors) }
      if a.coefficient != b.coefficient { return a.coefficient < b.coefficient }
    }
    return left.terms.count < right.terms.count
  }
}

extension Polynomial: CustomStringConvertible {
  package var description: String {
    var text = ""
    for (index, term) in terms.enumerated() {
      let names = term.factors.map(\.description)
      let magnitude = term.coefficient.magnitude
      let body =
        names.isEmpty
        ? "\(magnitude)"
        : (magnitude == 1 ? names : ["\(magnitude)"] + names).joined(separator: "*")
      if index == 0 {
        text = (term.coefficient < 0 ? "-" : "") + body
      } else {
        text += (term.coefficient < 0 ? " - " : " + ") + body
      }
    }
    return text
  }
}

extension Polynomial.Atom: CustomStringConvertible {
  package var description: String {
    switch self {
    case .symbol(let name): ExtentParser.quoted(name)
    case .quotient(let a, let b): "floordiv(\(a), \(b))"
    case .minimum(let a, let b): "min(\(a), \(b))"
    case .maximum(let a, let b): "max(\(a), \(b))"
    case .broadcast(let a, let b): "broadcast(\(a), \(b))"
    case .overflow: "overflow()"
    }
  }
}
