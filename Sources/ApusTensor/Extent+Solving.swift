extension Extent {
  /// What is known about the symbols of an extent that has a given value.
  package enum Solution: Hashable, Sendable {
    /// The extent is a number, equal to the value or not.
    case checked(Bool)
    case symbol(String, Int)
    /// One unknown, and no integer fits.
    case impossible
    /// Several unknowns, or one that is not linear.
    case undetermined
  }

  /// Solves `self = value` for the only symbol, where the extent is linear in it.
  package func solved(for value: Int) -> Solution {
    guard case .expression(let polynomial) = self else { return .checked(fixed == value) }
    var constant = 0
    var unknown: (name: String, coefficient: Int)?
    for term in polynomial.terms {
      if term.factors.isEmpty {
        constant = term.coefficient
        continue
      }
      guard term.factors.count == 1, case .symbol(let name) = term.factors[0], unknown == nil
      else { return .undetermined }
      unknown = (name, term.coefficient)
    }
    guard let unknown else { return .undetermined }
    let (rest, overflow) = value.subtractingReportingOverflow(constant)
    guard !overflow, rest != .min || unknown.coefficient != -1,
      rest % unknown.coefficient == 0
    else { return .impossible }
    return .symbol(unknown.name, rest / unknown.coefficient)
  }
}
