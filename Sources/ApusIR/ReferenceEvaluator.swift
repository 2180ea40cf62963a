package import ApusTensor

/// Runs a graph node by node with the operators' naive evaluations: slow, and right by definition.
package struct ReferenceEvaluator: Sendable {
  package let graph: Graph
  /// Whether results are compared with the types that the graph gives them.
  package var checksTypes = true
  /// Whether the graph's symbols are bound; bodies have none of their own.
  var bindsSymbols = true

  /// For each position in the execution order, the values that nothing reads after it.
  private let released: [[ValueID]]

  package init(_ graph: Graph) {
    self.graph = graph
    var released = Array(repeating: [ValueID](), count: graph.order.count)
    var seen = Set(graph.outputs.map(\.value))
    for position in graph.order.indices.reversed() {
      let node = graph[graph.order[position]]
      for value in node.operands.compactMap({ $0 }) + node.results
      where seen.insert(value).inserted {
        released[position].append(value)
      }
    }
    self.released = released
  }

  /// Called after each node whose results are tensors.
  package typealias Observer = (Node, [HostTensor]) -> Void

  /// Runs on tensors in the graph's order and returns the outputs, which must be tensors as well.
  package func run(
    _ inputs: [HostTensor], _ context: EvaluationContext = EvaluationContext(),
    observer: Observer? = nil
  ) throws(EvaluationFailure) -> [HostTensor] {
    let results = try run(values: inputs.map(HostValue.tensor), context, observer: observer)
    var tensors: [HostTensor] = []
    for (output, value) in zip(graph.outputs, results) {
      guard let tensor = value.tensor else {
        throw .outputKind(output.name, found: value.type)
      }
      tensors.append(tensor)
    }
    return tensors
  }

  /// Runs on inputs in the graph's order and returns the outputs in the graph's order.
  package func run(
    values inputs: [HostValue], _ context: EvaluationContext = EvaluationContext(),
    observer: Observer? = nil
  ) throws(EvaluationFailure) -> [HostValue] {
    let bindings = try bind(inputs)
    var values: [ValueID: HostValue] = [:]
    for (id, value) in zip(graph.inputs, inputs) { values[id] = value }
    var held = 0
    var heldBytes: [ValueID: Int] = [:]
    for (position, id) in graph.order.enumerated() {
      let node = graph[id]
      if context.isCancelled() { throw .cancelled }
      let (operands, results) = try evaluate(node, values, bindings, context.holding(held))
      if let observer {
        let tensors = results.compactMap(\.tensor)
        if tensors.count == results.count { observer(node, tensors) }
      }
      for (id, value) in zip(node.results, results) {
        values[id] = value
        let bytes = value.byteCount(without: operands)
        if bytes > 0 {
          heldBytes[id] = bytes
          held &+= bytes
        }
      }
      for value in released[position] {
        values[value] = nil
        held &-= heldBytes.removeValue(forKey: value) ?? 0
      }
    }
    var outputs: [HostValue] = []
    for output in graph.outputs {
      guard let value = value(of: output.value, values) else {
        throw .undefinedOutput(output.name)
      }
      outputs.append(value)
    }
    return outputs
  }

  private func value(of id: ValueID, _ values: [ValueID: HostValue]) -> HostValue? {
    values[id] ?? graph.weight(id).map { .tensor($0.tensor) }
  }

  /// Runs on inputs by name and returns the outputs by name.
  package func run(
    named inputs: [String: HostTensor], _ context: EvaluationContext = EvaluationContext(),
    observer: Observer? = nil
  ) throws(EvaluationFailure) -> [String: HostTensor] {
    let names = graph.inputs.map { graph[$0].name }
    for name in inputs.keys.sorted() where !names.contains(name) {
      throw .unknownInput(name, known: names)
    }
    var ordered: [HostTensor] = []
    for name in names {
      guard let tensor = inputs[name] else { throw .missingInput(name) }
      ordered.append(tensor)
    }
    let results = try run(ordered, context, observer: observer)
    return Dictionary(
      zip(graph.outputs.map(\.name), results), uniquingKeysWith: { first, _ in first })
  }

  /// Checks the inputs against the graph's and binds the symbols.
  private func bind(_ inputs: [HostValue]) throws(EvaluationFailure) -> [String: Int] {
    var bound: [SymbolBindings.Input] = []
    for (id, value) in zip(graph.inputs, inputs) {
      let name = graph[id].name
      let expected = graph.valueType(id)
      switch (expected, value) {
      case (.tensor(let type), .tensor(let tensor)):
        guard type.element == tensor.element else {
          throw .inputElement(name, expected: type.element, found: tensor.element)
        }
        bound.append(SymbolBindings.Input(name: name, type: type, shape: tensor.shape))
      default:
        guard expected.isCompatible(with: value.type) else {
          throw .inputKind(name, expected: expected, found: value.type)
        }
      }
    }
    guard inputs.count == graph.inputs.count else {
      throw .binding(.inputCount(expected: graph.inputs.count, found: inputs.count))
    }
    guard bindsSymbols else { return [:] }
    do { return try SymbolBindings.bind(bound) } catch { throw .binding(error) }
  }

  private func evaluate(
    _ node: Node, _ values: [ValueID: HostValue], _ bindings: [String: Int],
    _ context: EvaluationContext
  ) throws(EvaluationFailure) -> (operands: [HostValue?], results: [HostValue]) {
    func failure(_ cause: EvaluationError) -> EvaluationFailure {
      cause == .cancelled
        ? .cancelled : .node(node.name, operator: node.operation.name, cause)
    }
    var operands: [HostValue?] = []
    for operand in node.operands {
      guard let operand else {
        operands.append(nil)
        continue
      }
      guard let value = value(of: operand, values) else {
        throw .undefinedOperand(node: node.name, operator: node.operation.name)
      }
      operands.append(value)
    }
    let operation = (node.operation as? Extents)?.substituting(bindings) ?? node.operation
    let facts: [Fact]
    do { facts = try infer(operation, operands.map { $0.map(Fact.init(value:)) }) } catch {
      throw failure(.type(error))
    }
    if let type = context.excess(operands, facts.map(\.valueType)) {
      throw .memoryLimit(
        node: node.name, operator: node.operation.name, type: type, limit: context.memoryLimit)
    }
    let results: [HostValue]
    do {
      results = try operation.evaluate(any: operands, facts.map(\.valueType), context)
    } catch {
      throw failure(error)
    }
    guard results.count == node.results.count, results.count == facts.count else {
      throw failure(
        .type(.resultCount(expected: node.results.count, found: results.count)))
    }
    for (index, result) in results.enumerated() {
      var expected = [facts[index].valueType]
      if checksTypes {
        expected.append(graph.valueType(node.results[index]).substituting(bindings))
      }
      for type in expected where !type.isCompatible(with: result.type) {
        throw .resultType(
          node: node.name, operator: node.operation.name, expected: type, found: result.type)
      }
    }
    return (operands, results)
  }
}

/// Why a run of a graph failed.
package enum EvaluationFailure: Error, Hashable, Sendable {
  case missingInput(String)
  case unknownInput(String, known: [String])
  case inputElement(String, expected: ElementType, found: ElementType)
  /// An input is a tensor where a container is needed, or the other way round.
  case inputKind(String, expected: ValueType, found: ValueType)
  /// An output is a container, and the caller asked for tensors.
  case outputKind(String, found: ValueType)
  /// Shapes of inputs do not fit.
  case binding(BindingError)
  case node(String, operator: String, EvaluationError)
  /// A node gave another type than its operator's rule, or the graph, says.
  case resultType(node: String, operator: String, expected: ValueType, found: ValueType)
  case memoryLimit(node: String, operator: String, type: TensorType, limit: Int)
  case undefinedOperand(node: String, operator: String)
  case undefinedOutput(String)
  case cancelled
}

extension EvaluationFailure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingInput(let name): "input '\(name)' is missing"
    case .unknownInput(let name, let known):
      "there is no input '\(name)'; inputs are " + known.map { "'\($0)'" }.joined(separator: ", ")
    case .inputElement(let name, let expected, let found):
      "input '\(name)' has element type \(found.name), expected \(expected.name)"
    case .inputKind(let name, let expected, let found):
      "input '\(name)' is a \(found), expected a \(expected)"
    case .outputKind(let name, let found): "output '\(name)' is a \(found), not a tensor"
    case .binding(let error): error.description
    case .node(let name, let operation, let error): "node '\(name)' (\(operation)): \(error)"
    case .resultType(let name, let operation, let expected, let found):
      "node '\(name)' (\(operation)) gave \(found), expected \(expected)"
    case .memoryLimit(let name, let operation, let type, let limit):
      "node '\(name)' (\(operation)) exceeds the memory limit of \(limit) bytes with \(type)"
    case .undefinedOperand(let name, let operation):
      "node '\(name)' (\(operation)) reads a value that is not computed before it"
    case .undefinedOutput(let name): "output '\(name)' is not computed"
    case .cancelled: "cancelled"
    }
  }
}
