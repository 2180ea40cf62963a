/// Axes that broadcast by NumPy's rules: each is 1, or what the others are that are not 1.
///
/// That is neither the maximum, since 0 against 1 gives 0, nor any polynomial; what is known of the
/// operands decides where it can, and the rest is one form for operands in any order and grouping.
extension Extent {
  /// The extent of two axes together: equal ones give themselves, 1 gives the other, and what is
  /// surely at least 2 gives itself, for the other then has to be equal or 1. Two numbers that do not
  /// fit give `overflow`.
  package static func broadcast(_ left: Extent, _ right: Extent) -> Extent {
    if left == right || right == .one { return left }
    if left == .one { return right }
    if left.isOverflow || right.isOverflow { return .overflow }
    let operands = Set(left.broadcastOperands + right.broadcastOperands).sorted()
    let numbers = operands.compactMap(\.fixed)
    guard numbers.count <= 1 else { return .overflow }
    if let number = numbers.first { return .fixed(number) }
    if let larger = operands.first(where: { ($0 - 2).isNonNegative }) { return larger }
    guard var result = operands.last else { return .one }
    for operand in operands.dropLast().reversed() {
      result = Extent(atom: .broadcast(operand, result))
    }
    return result
  }

  /// What a broadcast is made of; the extent alone where it is none.
  private var broadcastOperands: [Extent] {
    guard case .expression(let polynomial) = self, polynomial.terms.count == 1,
      polynomial.terms[0].coefficient == 1, polynomial.terms[0].factors.count == 1,
      case .broadcast(let first, let rest) = polynomial.terms[0].factors[0]
    else { return [self] }
    return [first] + rest.broadcastOperands
  }
}
