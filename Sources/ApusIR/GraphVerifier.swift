package import ApusTensor

/// How closely the types in a graph must follow from the operators' rules.
package enum TypeCheck: Sendable {
  /// They do not contradict the rules. Passes may know more, or less, than the rules do.
  case compatible
  /// They are what the rules give.
  case exact
}

extension Graph {
  /// Checks that the graph is well formed: ids exist, every value is defined once and before its use,
  /// weights are there, results have the types of the operators' rules, names of inputs and of
  /// outputs are unique.
  package func verify(types: TypeCheck = .compatible) throws(VerificationError) {
    var defined = Array(repeating: false, count: values.count)
    func define(_ value: ValueID, as definition: Definition) throws(VerificationError) {
      guard defined.indices.contains(value.index) else { throw .danglingValue(value) }
      guard !defined[value.index] else { throw .definedTwice(self[value].name, value) }
      guard self[value].definition == definition else {
        throw .wrongDefinition(self[value].name, value)
      }
      defined[value.index] = true
    }
    var names: Set<String> = []
    for (position, input) in inputs.enumerated() {
      try define(input, as: .input(position))
      guard names.insert(self[input].name).inserted else {
        throw .duplicateInput(self[input].name)
      }
    }
    for (value, weight) in weights {
      try define(value, as: .weight)
      guard weight.tensor.type == type(value) else {
        throw .weightType(weight.name, expected: type(value), found: weight.tensor.type)
      }
    }
    var seen: Set<NodeID> = []
    for id in order {
      guard contains(id) else { throw .danglingNode(id) }
      guard seen.insert(id).inserted else { throw .nodeTwice(self[id].name, id) }
      let node = self[id]
      for case let operand? in node.operands {
        guard defined.indices.contains(operand.index), defined[operand.index] else {
          throw .undefinedOperand(
            node: node.name, operator: node.operation.name, operand: operand)
        }
      }
      try verifyTypes(of: node, types)
      for (index, result) in node.results.enumerated() {
        try define(result, as: .node(id, result: index))
      }
    }
    names = []
    for output in outputs {
      guard names.insert(output.name).inserted else { throw .duplicateOutput(output.name) }
      guard defined.indices.contains(output.value.index), defined[output.value.index] else {
        throw .undefinedOutput(output.name)
      }
    }
  }

  private func verifyTypes(of node: Node, _ check: TypeCheck) throws(VerificationError) {
    let facts: [Fact]
    do { facts = try infer(node.operation, node.operands) } catch {
      throw .type(node: node.name, operator: node.operation.name, error)
    }
    guard facts.count == node.results.count else {
      throw .type(
        node: node.name, operator: node.operation.name,
        .resultCount(expected: facts.count, found: node.results.count))
    }
    for (fact, result) in zip(facts, node.results) {
      guard values.indices.contains(result.index) else { throw .danglingValue(result) }
      let found = valueType(result)
      let isExact = found.erasingUnknowns == fact.valueType.erasingUnknowns
      guard check == .exact ? isExact : found.isCompatible(with: fact.valueType) else {
        throw .resultType(
          node: node.name, operator: node.operation.name, value: self[result].name,
          expected: fact.valueType, found: found)
      }
    }
  }
}

/// What is wrong with a graph.
package enum VerificationError: Error, Hashable, Sendable {
  case danglingNode(NodeID)
  case danglingValue(ValueID)
  case nodeTwice(String, NodeID)
  case definedTwice(String, ValueID)
  /// The value is not what its definition says.
  case wrongDefinition(String, ValueID)
  /// An operand is not defined, or only later.
  case undefinedOperand(node: String, operator: String, operand: ValueID)
  case undefinedOutput(String)
  case duplicateInput(String)
  case duplicateOutput(String)
  case weightType(String, expected: TensorType, found: TensorType)
  case type(node: String, operator: String, TypeError)
  case resultType(
    node: String, operator: String, value: String, expected: ValueType, found: ValueType)
}

extension VerificationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .danglingNode(let id): "node \(id.index) is in the order but not in the graph"
    case .danglingValue(let id): "value \(id.index) is not in the graph"
    case .nodeTwice(let name, let id): "node '\(name)' (\(id.index)) is twice in the order"
    case .definedTwice(let name, let id): "value '\(name)' (\(id.index)) is defined twice"
    case .wrongDefinition(let name, let id):
      "value '\(name)' (\(id.index)) is not defined where it says"
    case .undefinedOperand(let node, let operation, let operand):
      "node '\(node)' (\(operation)) reads value \(operand.index), which is not defined before it"
    case .undefinedOutput(let name): "output '\(name)' is not defined"
    case .duplicateInput(let name): "two inputs are called '\(name)'"
    case .duplicateOutput(let name): "two outputs are called '\(name)'"
    case .weightType(let name, let expected, let found):
      "weight '\(name)' is \(found), the graph says \(expected)"
    case .type(let node, let operation, let error): "node '\(node)' (\(operation)): \(error)"
    case .resultType(let node, let operation, let value, let expected, let found):
      "node '\(node)' (\(operation)): result '\(value)' is \(found), expected \(expected)"
    }
  }
}
