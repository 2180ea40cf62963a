internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// What an operator's importer sees of its node, and how it adds to the graph.
struct NodeContext {
  let state: ImportState
  /// What the node sees, for the bodies that it may hold.
  let scope: Scope
  let name: String
  /// The version of the operator set that the node belongs to.
  let opset: Int
  let operands: [ValueID?]
  /// Names of the outputs; "" where the model does not use one.
  let outputs: [String]
  private let parts = Counter()

  private final class Counter { var count = 0 }

  init(
    state: ImportState, scope: Scope, name: String, opset: Int, operands: [ValueID?],
    outputs: [String]
  ) {
    self.state = state
    self.scope = scope
    self.name = name
    self.opset = opset
    self.operands = operands
    self.outputs = outputs
  }

  // MARK: Operands

  /// Throws unless the number of operands lies in a range.
  func expect(_ range: ClosedRange<Int>) throws(ImportError) {
    guard range.contains(operands.count) else {
      throw invalid(.operandCount(expected: range, found: operands.count))
    }
  }

  func expect(_ count: Int) throws(ImportError) { try expect(count...count) }

  func operand(_ index: Int, _ name: String) throws(ImportError) -> ValueID {
    guard index < operands.count, let value = operands[index] else {
      throw .invalid("it is required", .operand(name))
    }
    return value
  }

  func optional(_ index: Int) -> ValueID? { index < operands.count ? operands[index] : nil }

  /// All operands, none of which may be left out.
  func variadic() throws(ImportError) -> [ValueID] {
    guard !operands.isEmpty else { throw .invalid("the operator needs at least one operand") }
    var values: [ValueID] = []
    for index in operands.indices { values.append(try operand(index, "operand \(index)")) }
    return values
  }

  /// Whether the model uses an output.
  func uses(output index: Int) -> Bool { index < outputs.count && !outputs[index].isEmpty }

  // MARK: Facts

  func fact(_ value: ValueID) -> Fact { state.graph.fact(value) }
  func valueType(_ value: ValueID) -> ValueType { state.graph.valueType(value) }
  func element(_ value: ValueID) -> ElementType { fact(value).element }
  func rank(_ value: ValueID) -> Int? { fact(value).type.rank }

  /// The rank, which the decomposition of this operator depends on.
  func knownRank(_ value: ValueID, _ name: String) throws(ImportError) -> Int {
    guard let rank = rank(value) else {
      throw .unsupported("an operand of unknown rank", .operand(name))
    }
    return rank
  }

  // MARK: Additions

  /// Appends an operation and returns its results.
  func add(
    _ operation: any Operator, _ operands: [ValueID?]
  ) throws(ImportError) -> [ValueID] {
    try state.countNode()
    let part = parts.count
    parts.count += 1
    do {
      return try state.graph.append(
        operation, operands, name: part == 0 ? name : "\(name).\(part)")
    } catch { throw invalid(error) }
  }

  /// Appends an operation with one result.
  func one(_ operation: any Operator, _ operands: ValueID?...) throws(ImportError) -> ValueID {
    let results = try add(operation, operands)
    guard let first = results.first else { throw .invalid("the operation has no result") }
    return first
  }

  func constant(_ tensor: HostTensor) throws(ImportError) -> ValueID {
    try state.addWeight("\(name).constant", tensor)
  }

  /// A 64-bit integer vector.
  func vector(_ values: [Int]) throws(ImportError) -> ValueID {
    let tensor: HostTensor
    do { tensor = try .vector(values) } catch { throw .invalid("\(error)") }
    return try constant(tensor)
  }

  /// A rank-0 constant of an element type.
  func scalar(_ value: Double, _ element: ElementType) throws(ImportError) -> ValueID {
    let tensor: HostTensor
    do { tensor = try .scalar(value, as: element) } catch {
      throw .unsupported("a constant of type \(element.name)")
    }
    return try constant(tensor)
  }

  func integerScalar(_ value: Int) throws(ImportError) -> ValueID {
    let tensor: HostTensor
    do { tensor = try .vector([value]).reshaped([]) } catch { throw .invalid("\(error)") }
    return try constant(tensor)
  }

  func unary(_ function: UnaryFunction, _ value: ValueID) throws(ImportError) -> ValueID {
    try one(Unary(function), value)
  }

  func binary(
    _ function: BinaryFunction, _ left: ValueID, _ right: ValueID
  ) throws(ImportError) -> ValueID {
    try one(Binary(function), left, right)
  }

  /// A binary function with a constant of the operand's element type on the right.
  func binary(
    _ function: BinaryFunction, _ left: ValueID, _ right: Double
  ) throws(ImportError) -> ValueID {
    try binary(function, left, try scalar(right, element(left)))
  }

  func select(
    _ condition: ValueID, _ then: ValueID, _ otherwise: ValueID
  ) throws(ImportError) -> ValueID {
    try one(Select(), condition, then, otherwise)
  }

  /// The value in another element type, itself where it has that type.
  func cast(_ value: ValueID, to element: ElementType) throws(ImportError) -> ValueID {
    self.element(value) == element ? value : try one(Cast(to: element), value)
  }

  /// The value as 64-bit integers, which index-like operands of the core vocabulary are.
  func indices(_ value: ValueID) throws(ImportError) -> ValueID { try cast(value, to: .int64) }

  /// Axes given as an operand since some opset, and as an attribute before.
  func axes(
    operand index: Int, since opset: Int, _ attributes: inout AttributeReader,
    attribute: String = "axes"
  ) throws(ImportError) -> ValueID? {
    if self.opset >= opset {
      guard let value = optional(index) else { return nil }
      return try indices(value)
    }
    guard let list = try attributes.integers(attribute) else { return nil }
    return try vector(list)
  }

  /// A type rule's refusal as an import error.
  private func invalid(_ error: TypeError) -> ImportError {
    switch error {
    case .element(let operand, let found, _)
    where found.arithmetic == .text || found.arithmetic == .complex:
      .unsupported("\(error)", .operand(operand))
    case .element(let operand, _, _), .rank(let operand, _, _), .extents(let operand, _, _):
      .invalid("\(error)", .operand(operand))
    default: .invalid("\(error)")
    }
  }
}
