package import ApusLoops
package import ApusTensor

/// One operation of the core vocabulary: a value type with typed fields, a type rule and a naive
/// evaluation.
///
/// Adding one: a file in `Operators/`, its test file, an entry in `allOperators`.
package protocol Operator: Sendable {
  /// The stable name in text and engine files.
  static var name: String { get }
  /// Raised when the meaning of the fields changes; engine files carry it.
  static var version: Int { get }
  /// Every field, once. Printing, parsing, hashing and encoding follow from it.
  static var fields: [Field<Self>] { get }
  /// What diagnostics call the operands, in order; the last name covers variadic operands.
  static var operandNames: [String] { get }

  /// Default fields, the start of decoding.
  init()

  /// The types of the results, and their contents where they follow from shapes.
  /// With fixed operand shapes (and contents where the operator needs them) results are fixed.
  func infer(_ operands: Operands) throws(TypeError) -> [Fact]

  /// The naive evaluation that defines the operator. `results` are the inferred types; they are
  /// fixed unless a result's shape depends on data.
  func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor]

  /// Whether equal operands always give equal results.
  var isDeterministic: Bool { get }
}

extension Operator {
  package static var version: Int { 1 }
  package static var fields: [Field<Self>] { [] }
  package var isDeterministic: Bool { true }
}

/// An operator whose only result has the bytes of its first operand, under another shape.
package protocol ViewOperator: Operator {}

/// An operator that computes each element from the operands' elements at the same coordinate.
package protocol ElementwiseOperator: Operator {
  /// Emits the computation for one coordinate and returns its value, or nil where the element types
  /// have no lane. `operands` are values of `builder` in the lanes of `elements`.
  func lower(
    into builder: inout ProgramBuilder, operands: [Int], elements: [ElementType],
    result: ElementType
  ) -> Int?
}

extension Operator {
  /// Field names and values in declaration order.
  package var fieldValues: [(name: String, value: FieldValue)] {
    Self.fields.map { ($0.name, $0.get(self)) }
  }

  /// Makes the operator from field values; fields left out keep their defaults.
  /// Returns the offending field's name on failure.
  package static func decode(
    _ values: [(name: String, value: FieldValue)]
  ) -> Result<Self, FieldDecodingError> {
    var result = Self()
    let fields = Self.fields
    for (name, value) in values {
      guard let field = fields.first(where: { $0.name == name }) else {
        return .failure(.unknownField(operator: Self.name, field: name))
      }
      guard field.set(&result, value) else {
        return .failure(.badValue(operator: Self.name, field: name))
      }
    }
    return .success(result)
  }

  /// Whether the other operator is of the same type with equal fields.
  package func isEqual(to other: any Operator) -> Bool {
    guard let other = other as? Self else { return false }
    return Self.fields.allSatisfy { $0.get(self) == $0.get(other) }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(Self.name)
    for field in Self.fields { hasher.combine(field.get(self)) }
  }

  /// What diagnostics call this operation.
  package var name: String { Self.name }
}

package enum FieldDecodingError: Error, Hashable, Sendable {
  case unknownOperator(String)
  case unknownField(operator: String, field: String)
  case badValue(operator: String, field: String)
  case version(operator: String, found: Int, supported: Int)
}

extension FieldDecodingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownOperator(let name): "unknown operator '\(name)'"
    case .unknownField(let name, let field): "operator '\(name)' has no field '\(field)'"
    case .badValue(let name, let field): "operator '\(name)': field '\(field)' has the wrong form"
    case .version(let name, let found, let supported):
      "operator '\(name)' has version \(found), this build knows \(supported)"
    }
  }
}

/// Maps an axis counted from either end to 0 ..< rank.
package func normalize(axis: Int, rank: Int) throws(TypeError) -> Int {
  guard axis >= -rank, axis < rank else { throw .axis(axis, rank: rank) }
  return axis < 0 ? axis + rank : axis
}

/// Maps axes counted from either end to 0 ..< rank, in the given order; duplicates are an error.
package func normalize(axes: [Int], rank: Int) throws(TypeError) -> [Int] {
  var result: [Int] = []
  for axis in axes {
    let normal = try normalize(axis: axis, rank: rank)
    guard !result.contains(normal) else {
      throw .invalid(field: "axes", reason: "axis \(axis) is listed twice")
    }
    result.append(normal)
  }
  return result
}

/// The shape that two shapes broadcast to, by NumPy's rules.
///
/// Where extents are symbolic, that they fit is assumed; the inference for the shapes of a run throws
/// where they do not.
package func broadcast(_ left: Shape, _ right: Shape) throws(TypeError) -> Shape {
  guard let a = left.extents, let b = right.extents else { return .unranked }
  let rank = max(a.count, b.count)
  var result: [Extent] = []
  for index in 0..<rank {
    let i = index - (rank - a.count)
    let j = index - (rank - b.count)
    let x = i >= 0 ? a[i] : 1
    let y = j >= 0 ? b[j] : 1
    if let x = x.fixed, let y = y.fixed, x != y, x != 1, y != 1 { throw .broadcast(left, right) }
    result.append(.broadcast(x, y))
  }
  return .ranked(result)
}
