package import ApusTensor

/// What is known about a value without running the graph: its type, and where they follow from
/// shapes or constants, its elements.
package struct Fact: Sendable {
  package var valueType: ValueType
  /// The value itself, where it is constant.
  package var constant: HostTensor?
  private var symbolic: [Extent]?

  /// Integer tensors up to this many elements have their contents tracked through shape arithmetic.
  package static let contentLimit = 1024

  package init(_ type: TensorType) { self.valueType = .tensor(type) }

  package init(_ type: ValueType) { self.valueType = type }

  /// What is known about a value that is at hand.
  package init(value: HostValue) {
    switch value {
    case .tensor(let tensor): self.init(constant: tensor)
    case .sequence, .optional, .map: self.init(value.type)
    }
  }

  /// The type of the tensor, or of the tensors inside a container.
  package var type: TensorType {
    get { valueType.innermost }
    set { valueType.innermost = newValue }
  }

  package init(_ element: ElementType, _ extents: [Extent]) {
    self.init(TensorType(element, .ranked(extents)))
  }

  package init(constant: HostTensor) {
    self.valueType = .tensor(constant.type)
    self.constant = constant
  }

  /// An integer tensor whose elements, in row-major order, are known polynomials.
  package init(_ type: TensorType, contents: [Extent]?) {
    self.valueType = .tensor(type)
    if let contents, contents.count <= Self.contentLimit, type.element.isInteger {
      self.symbolic = contents
    }
  }

  /// The elements of a small integer tensor, row-major, as polynomials of the graph's symbols.
  package var contents: [Extent]? {
    if let symbolic { return symbolic }
    guard let constant, constant.count <= Self.contentLimit, constant.element.isInteger else {
      return nil
    }
    return (try? constant.integers())?.map(Extent.fixed)
  }

  /// The elements as numbers, where all are known.
  package var integers: [Int]? {
    guard let contents else { return nil }
    var numbers: [Int] = []
    for extent in contents {
      guard let number = extent.fixed else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  /// The value as a tensor, where it is constant or all its elements are known numbers.
  package var known: HostTensor? {
    if let constant { return constant }
    guard let integers, let shape = type.fixedShape else { return nil }
    return try? HostTensor(type.element, shape: shape, .signed(integers.map(Int64.init)))
      .converted(to: type.element)
  }

  /// The fact with every bound symbol replaced.
  package func substituting(_ bindings: [String: Int]) -> Fact {
    var copy = self
    copy.valueType = valueType.substituting(bindings)
    copy.symbolic = symbolic?.map { $0.substituting(bindings) }
    return copy
  }

  package var element: ElementType { type.element }
  package var shape: Shape { type.shape }
}

/// The operands of a node as its type rule sees them: facts by position; a missing optional operand
/// is nil.
package struct Operands: Sendable {
  package let facts: [Fact?]
  private let names: [String]
  /// What the bodies of the node may spend; nil outside of bodies.
  private let budget: InferenceBudget?

  package init(_ facts: [Fact?], names: [String] = [], budget: InferenceBudget? = nil) {
    self.facts = facts
    self.names = names
    self.budget = budget
  }

  /// The budget of the bodies around the node, or a new one.
  package var inferenceBudget: InferenceBudget { budget ?? InferenceBudget() }

  package var count: Int { facts.count }

  /// The fact of an optional operand.
  package subscript(index: Int) -> Fact? {
    facts.indices.contains(index) ? facts[index] : nil
  }

  /// What diagnostics call the operand.
  package func name(_ index: Int) -> String {
    if index < names.count { return names[index] }
    return names.last.map { "\($0)[\(index - names.count + 1)]" } ?? "operand \(index)"
  }

  /// The fact of a tensor operand that must be there.
  package func require(_ index: Int) throws(TypeError) -> Fact {
    let fact = try requireValue(index)
    guard fact.valueType.isTensor else {
      throw .container(operand: name(index), found: fact.valueType)
    }
    return fact
  }

  /// The fact of an operand of any kind that must be there.
  package func requireValue(_ index: Int) throws(TypeError) -> Fact {
    guard let fact = self[index] else { throw .missingOperand(name(index)) }
    return fact
  }

  /// The element type of a sequence operand.
  package func requireSequence(_ index: Int) throws(TypeError) -> ValueType {
    let fact = try requireValue(index)
    guard case .sequence(let element) = fact.valueType else {
      throw .kind(operand: name(index), found: fact.valueType, expected: "a sequence")
    }
    return element
  }

  /// Requires one of some element types.
  package func require(
    _ index: Int, element allowed: [ElementType]
  ) throws(TypeError) -> Fact {
    let fact = try require(index)
    guard allowed.contains(fact.element) else {
      throw .element(operand: name(index), found: fact.element, allowed: allowed)
    }
    return fact
  }

  /// Requires an arithmetic, such as any real element.
  package func require(
    _ index: Int, arithmetic allowed: [ElementType.Arithmetic]
  ) throws(TypeError) -> Fact {
    let fact = try require(index)
    guard allowed.contains(fact.element.arithmetic) else {
      throw .element(
        operand: name(index), found: fact.element,
        allowed: ElementType.allCases.filter { allowed.contains($0.arithmetic) })
    }
    return fact
  }

  /// Requires the same element type as another operand has.
  package func require(_ index: Int, sameElementAs other: Int) throws(TypeError) -> Fact {
    let reference = try require(other)
    return try require(index, element: [reference.element])
  }

  /// Requires exactly `rank` dimensions where the rank is known.
  package func require(_ index: Int, rank: Int) throws(TypeError) -> Fact {
    let fact = try require(index)
    if let found = fact.type.rank, found != rank {
      throw .rank(operand: name(index), found: found, expected: "\(rank)")
    }
    return fact
  }

  /// Requires between `range` operands.
  package func expect(_ range: ClosedRange<Int>) throws(TypeError) {
    guard range.contains(count) else { throw .operandCount(expected: range, found: count) }
  }
}
