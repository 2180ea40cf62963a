/// Functions of one argument that fused programs know.
package enum UnaryFunction: String, Sendable, Hashable, CaseIterable {
  case negate, absolute, sqrt, reciprocal, exp, log, sin, cos, tanh, erf, sigmoid, relu, floor, ceil
  case round, sign, gelu, geluTanh, not
}

/// Functions of two arguments of one lane.
package enum BinaryFunction: String, Sendable, Hashable, CaseIterable {
  case add, subtract, multiply, divide, minimum, maximum, power, remainder
  case and, or, xor
  case equal, less, lessOrEqual

  /// Whether the result is a truth value whatever the operands are.
  package var isComparison: Bool {
    switch self {
    case .equal, .less, .lessOrEqual: true
    default: false
    }
  }
}
