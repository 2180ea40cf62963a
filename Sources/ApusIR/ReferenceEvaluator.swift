package import ApusTensor

/// Runs a graph node by node with the operators' naive evaluations: slow, and right by definition.
package struct ReferenceEvaluator: Sendable {
  package let graph: Graph
  /// The most bytes that operands and results of one node may take, at 8 bytes an element.
  package var memoryLimit = 1 << 34
  /// Whether results are compared with the types that the graph gives them.
  package var checksTypes = true

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

  /// Called after each node with its results.
  package typealias Observer = (Node, [HostTensor]) -> Void

  /// Runs on inputs in the graph's order and returns the outputs in the graph's order.
  ///
  /// `isCancelled` is asked before every node.
  package func run(
    _ inputs: [HostTensor], observer: Observer? = nil, isCancelled: () -> Bool = { false }
  ) throws(EvaluationFailure) -> [HostTensor] {
    let bindings = try bind(inputs)
    var values: [ValueID: HostTensor] = [:]
    for (id, tensor) in zip(graph.inputs, inputs) { values[id] = tensor }
    for (position, id) in graph.order.enumerated() {
      let node = graph[id]
      if isCancelled() { throw .cancelled }
      let results = try evaluate(node, values, bindings)
      observer?(node, results)
      for (value, tensor) in zip(node.results, results) { values[value] = tensor }
      for value in released[position] { values[value] = nil }
    }
    var outputs: [HostTensor] = []
    for output in graph.outputs {
      guard let tensor = values[output.value] ?? graph.weight(output.value)?.tensor else {
        throw .undefinedOutput(output.name)
      }
      outputs.append(tensor)
    }
    return outputs
  }

  /// Runs on inputs by name and returns the outputs by name.
  package func run(
    named inputs: [String: HostTensor], observer: Observer? = nil,
    isCancelled: () -> Bool = { false }
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
    let results = try run(ordered, observer: observer, isCancelled: isCancelled)
    return Dictionary(
      zip(graph.outputs.map(\.name), results), uniquingKeysWith: { first, _ in first })
  }

  /// Checks the inputs against the graph's and binds the symbols.
  private func bind(_ inputs: [HostTensor]) throws(EvaluationFailure) -> [String: Int] {
    for (id, tensor) in zip(graph.inputs, inputs) where graph.type(id).element != tensor.element {
      throw .inputElement(
        graph[id].name, expected: graph.type(id).element, found: tensor.element)
    }
    do { return try graph.bindSymbols(inputs.map(\.shape)) } catch { throw .binding(error) }
  }

  private func evaluate(
    _ node: Node, _ values: [ValueID: HostTensor], _ bindings: [String: Int]
  ) throws(EvaluationFailure) -> [HostTensor] {
    func failure(_ cause: EvaluationError) -> EvaluationFailure {
      cause == .cancelled
        ? .cancelled : .node(node.name, operator: node.operation.name, cause)
    }
    var operands: [HostTensor?] = []
    for operand in node.operands {
      guard let operand else {
        operands.append(nil)
        continue
      }
      guard let tensor = values[operand] ?? graph.weight(operand)?.tensor else {
        throw .undefinedOperand(node: node.name, operator: node.operation.name)
      }
      operands.append(tensor)
    }
    let operation = (node.operation as? Extents)?.substituting(bindings) ?? node.operation
    let facts: [Fact]
    do { facts = try infer(operation, operands.map { $0.map(Fact.init(constant:)) }) } catch {
      throw failure(.type(error))
    }
    try checkMemory(node, operands.compactMap { $0?.type } + facts.map(\.type))
    let results: [HostTensor]
    do { results = try operation.evaluate(operands, facts.map(\.type)) } catch {
      throw failure(error)
    }
    guard results.count == node.results.count, results.count == facts.count else {
      throw failure(
        .type(.resultCount(expected: node.results.count, found: results.count)))
    }
    for (index, result) in results.enumerated() {
      var expected = [facts[index].type]
      if checksTypes {
        let type = graph.type(node.results[index])
        expected.append(TensorType(type.element, type.shape.substituting(bindings)))
      }
      for type in expected where !type.isCompatible(with: result.type) {
        throw .resultType(
          node: node.name, operator: node.operation.name, expected: type, found: result.type)
      }
    }
    return results
  }

  private func checkMemory(_ node: Node, _ types: [TensorType]) throws(EvaluationFailure) {
    var total = 0
    for type in types where type.fixedShape != nil {
      let bytes = type.elementCount?.multipliedReportingOverflow(by: 8)
      guard let bytes, !bytes.overflow, bytes.partialValue <= memoryLimit - total else {
        throw .memoryLimit(
          node: node.name, operator: node.operation.name, type: type, limit: memoryLimit)
      }
      total += bytes.partialValue
    }
  }
}

/// Why a run of a graph failed.
package enum EvaluationFailure: Error, Hashable, Sendable {
  case missingInput(String)
  case unknownInput(String, known: [String])
  case inputElement(String, expected: ElementType, found: ElementType)
  /// Shapes of inputs do not fit.
  case binding(BindingError)
  case node(String, operator: String, EvaluationError)
  /// A node gave another type than its operator's rule, or the graph, says.
  case resultType(node: String, operator: String, expected: TensorType, found: TensorType)
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
