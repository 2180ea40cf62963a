package import ApusTensor

/// Why an operator refuses its operands.
package enum TypeError: Error, Hashable, Sendable {
  case operandCount(expected: ClosedRange<Int>, found: Int)
  case missingOperand(String)
  case element(operand: String, found: ElementType, allowed: [ElementType])
  case rank(operand: String, found: Int, expected: String)
  /// Two extents that must agree do not.
  case extents(operand: String, found: Extent, expected: Extent)
  case broadcast(Shape, Shape)
  case axis(Int, rank: Int)
  /// A field, or an operand that acts as one, has a value without meaning.
  case invalid(field: String, reason: String)
  /// A dimension is negative or leaves the integer range.
  case extentOutOfRange(TensorType)
  case resultCount(expected: Int, found: Int)
  /// A container stands where a tensor is needed.
  case container(operand: String, found: ValueType)
  /// A value of another kind is needed.
  case kind(operand: String, found: ValueType, expected: String)
  /// Values that must have one type do not.
  case mismatch(what: String, ValueType, ValueType)
  /// A body of control flow does not fit the node.
  case body(String, reason: String)
}

extension TypeError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .operandCount(let expected, let found):
      expected.lowerBound == expected.upperBound
        ? "expected \(expected.lowerBound) operands, found \(found)"
        : "expected \(expected.lowerBound) to \(expected.upperBound) operands, found \(found)"
    case .missingOperand(let name): "operand '\(name)' is required"
    case .element(let operand, let found, let allowed):
      "operand '\(operand)' has element type \(found.name), expected "
        + allowed.map(\.name).joined(separator: ", ")
    case .rank(let operand, let found, let expected):
      "operand '\(operand)' has rank \(found), expected \(expected)"
    case .extents(let operand, let found, let expected):
      "operand '\(operand)' has extent \(found) where \(expected) is needed"
    case .broadcast(let left, let right): "shapes \(left) and \(right) do not broadcast"
    case .axis(let axis, let rank): "axis \(axis) is out of range for rank \(rank)"
    case .invalid(let field, let reason): "\(field): \(reason)"
    case .extentOutOfRange(let type): "type \(type) has a dimension that is negative or too large"
    case .resultCount(let expected, let found):
      "the node lists \(found) results, the operator has \(expected)"
    case .container(let operand, let found):
      "operand '\(operand)' is a \(found), a tensor is needed"
    case .kind(let operand, let found, let expected):
      "operand '\(operand)' is a \(found), \(expected) is needed"
    case .mismatch(let what, let left, let right):
      "\(what) must have one type, found \(left) and \(right)"
    case .body(let name, let reason): "\(name): \(reason)"
    }
  }
}

/// Why reference evaluation of a node failed.
package enum EvaluationError: Error, Hashable, Sendable {
  case type(TypeError)
  case tensor(TensorError)
  /// An index operand points outside the data.
  case indexOutOfRange(operand: String, index: Int, limit: Int)
  case divisionByZero
  case unsupported(String)
  case cancelled
  /// A value is empty or of another kind than the operator reads.
  case value(String)
  /// A loop ran longer, or held more, than the limits allow.
  case limit(String)
  /// A node of a body failed.
  indirect case body(EvaluationFailure)
}

extension EvaluationError {
  /// Whether the operands are valid and this build cannot compute them.
  package var isUnsupported: Bool {
    switch self {
    case .unsupported, .tensor(.unsupportedElement): true
    case .body(.node(_, _, let cause)): cause.isUnsupported
    default: false
    }
  }
}

extension EvaluationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .type(let error): error.description
    case .tensor(let error): error.description
    case .indexOutOfRange(let operand, let index, let limit):
      "operand '\(operand)' holds index \(index), valid are \(-limit) to \(limit - 1)"
    case .divisionByZero: "integer division by zero"
    case .unsupported(let what): what
    case .cancelled: "cancelled"
    case .value(let reason), .limit(let reason): reason
    case .body(let failure): "in its body: \(failure)"
    }
  }
}
