package import ApusTensor

/// Identifies a value within one graph.
package struct ValueID: Hashable, Sendable, Comparable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
}

/// Identifies a node within one graph; ids are never reused.
package struct NodeID: Hashable, Sendable, Comparable {
  package let index: Int
  package init(_ index: Int) { self.index = index }
  package static func < (left: NodeID, right: NodeID) -> Bool { left.index < right.index }
}

/// A constant that the graph refers to by name.
package struct Weight: Sendable {
  /// The initializer's name in the source model, or a derived name.
  package let name: String
  package let tensor: HostTensor

  package init(name: String, tensor: HostTensor) {
    self.name = name
    self.tensor = tensor
  }
}

/// One operation with its operands and results.
package struct Node: Sendable {
  package let id: NodeID
  package var operation: any Operator
  package var operands: [ValueID?]
  package var results: [ValueID]
  /// The source model's node name; fused nodes join theirs with `+`.
  package var name: String
}

/// Where a value comes from.
package enum Definition: Hashable, Sendable {
  case input(Int)
  case weight
  case node(NodeID, result: Int)
}

/// A value: what is known about it and where it comes from.
package struct Value: Sendable {
  package var fact: Fact
  package var definition: Definition
  /// The source model's tensor name, or a derived one.
  package var name: String
}

/// A computation as a value: nodes in execution order over values in single assignment form.
///
/// Copying is a snapshot. Nodes are added through `append`, which applies the operator's type rule,
/// and changed through patches.
package struct Graph: Sendable {
  package var name: String
  package private(set) var values: [Value] = []
  private var storage: [Node?] = []
  /// Nodes in execution order.
  package internal(set) var order: [NodeID] = []
  package private(set) var inputs: [ValueID] = []
  package var outputs: [Output] = []
  package private(set) var weights: [ValueID: Weight] = [:]

  /// A value that the graph returns under a name.
  package struct Output: Sendable, Hashable {
    package var name: String
    package var value: ValueID

    package init(name: String, value: ValueID) {
      self.name = name
      self.value = value
    }
  }

  package init(name: String) { self.name = name }

  package subscript(id: NodeID) -> Node {
    get { storage[id.index]! }
    set { storage[id.index] = newValue }
  }

  package subscript(value: ValueID) -> Value {
    get { values[value.index] }
    set { values[value.index] = newValue }
  }

  package func contains(_ id: NodeID) -> Bool {
    storage.indices.contains(id.index) && storage[id.index] != nil
  }

  /// Nodes in execution order.
  package var nodes: some Sequence<Node> { order.lazy.map { self[$0] } }

  package func fact(_ value: ValueID) -> Fact { values[value.index].fact }
  package func type(_ value: ValueID) -> TensorType { values[value.index].fact.type }
  package func valueType(_ value: ValueID) -> ValueType { values[value.index].fact.valueType }

  /// The node that computes a value, or nil for inputs and weights.
  package func producer(of value: ValueID) -> Node? {
    guard case .node(let id, _) = values[value.index].definition else { return nil }
    return storage[id.index]
  }

  /// The constant behind a value, or nil.
  package func weight(_ value: ValueID) -> Weight? { weights[value] }

  @discardableResult
  package mutating func addInput(_ name: String, _ type: TensorType) -> ValueID {
    addInput(name, .tensor(type))
  }

  @discardableResult
  package mutating func addInput(_ name: String, _ type: ValueType) -> ValueID {
    let id = ValueID(values.count)
    let fact = Fact(type).mappingShape { $0.namingUnknowns(value: id.index) }
    values.append(Value(fact: fact, definition: .input(inputs.count), name: name))
    inputs.append(id)
    return id
  }

  @discardableResult
  package mutating func addWeight(_ name: String, _ tensor: HostTensor) -> ValueID {
    let id = ValueID(values.count)
    values.append(Value(fact: Fact(constant: tensor), definition: .weight, name: name))
    weights[id] = Weight(name: name, tensor: tensor)
    return id
  }

  package mutating func addOutput(_ name: String, _ value: ValueID) {
    outputs.append(Output(name: name, value: value))
  }

  /// Appends a node after all others; its result types follow from the operator's rule.
  @discardableResult
  package mutating func append(
    _ operation: any Operator, _ operands: [ValueID?], name: String = "",
    resultNames: [String] = []
  ) throws(TypeError) -> [ValueID] {
    let node = try makeNode(operation, operands, name: name, resultNames: resultNames)
    order.append(node.id)
    return node.results
  }

  /// Creates a node that is not yet in the execution order.
  mutating func makeNode(
    _ operation: any Operator, _ operands: [ValueID?], name: String, resultNames: [String]
  ) throws(TypeError) -> Node {
    let facts = try infer(operation, operands)
    let id = NodeID(storage.count)
    var results: [ValueID] = []
    for (index, inferred) in facts.enumerated() {
      let value = ValueID(values.count)
      let given = index < resultNames.count ? resultNames[index] : ""
      let fact = inferred.mappingShape { $0.namingUnknowns(value: value.index) }
      values.append(
        Value(fact: fact, definition: .node(id, result: index), name: given))
      results.append(value)
    }
    let node = Node(
      id: id, operation: operation, operands: operands, results: results, name: name)
    storage.append(node)
    return node
  }

  /// The facts of an operation's results, checked to be representable.
  package func infer(
    _ operation: any Operator, _ operands: [ValueID?]
  ) throws(TypeError) -> [Fact] {
    let facts = operands.map { $0.map { values[$0.index].fact } }
    return try ApusIR.infer(operation, facts)
  }

  mutating func remove(_ id: NodeID) { storage[id.index] = nil }

  /// Takes back what was added since there were this many values and nodes.
  mutating func truncate(values valueCount: Int, nodes nodeCount: Int) {
    for index in valueCount..<values.count { weights[ValueID(index)] = nil }
    values.removeLast(values.count - valueCount)
    storage.removeLast(storage.count - nodeCount)
  }

  /// How many nodes were ever made.
  var nodeCapacity: Int { storage.count }

  mutating func replaceOutputs(_ old: ValueID, with new: ValueID) {
    for index in outputs.indices where outputs[index].value == old { outputs[index].value = new }
  }

  /// Replaces a weight's elements by a splat of zeros, for plans that only read packed forms of it.
  package mutating func hollow(_ value: ValueID) {
    guard let weight = weights[value],
      let zero = try? HostTensor(zeros: weight.tensor.element, shape: [1]),
      let splat = try? HostTensor(splat: zero, shape: weight.tensor.shape)
    else { return }
    weights[value] = Weight(name: weight.name, tensor: splat)
    values[value.index].fact = Fact(constant: splat)
  }

  /// Drops weights that nothing refers to.
  package mutating func removeUnusedWeights() {
    var used = Set(outputs.map(\.value))
    for node in nodes { for case let operand? in node.operands { used.insert(operand) } }
    weights = weights.filter { used.contains($0.key) }
  }
}

/// Applies an operator's type rule and checks that the results are representable.
package func infer(
  _ operation: any Operator, _ facts: [Fact?], _ budget: InferenceBudget? = nil
) throws(TypeError) -> [Fact] {
  let names = type(of: operation).operandNames
  let results = try operation.infer(Operands(facts, names: names, budget: budget))
  for fact in results {
    for extent in fact.type.extents ?? [] {
      if extent.isOverflow || (extent.fixed ?? 0) < 0 { throw .extentOutOfRange(fact.type) }
    }
  }
  return results
}
