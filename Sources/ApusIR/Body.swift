internal import ApusTensor

/// A closed graph as a field of an operator: a branch, or what a loop repeats.
///
/// It sees nothing of the graph around it: what it needs comes in through its inputs. Its constants
/// are small; large ones come in as well, so that they are stored once and stay mapped.
package struct Body: Sendable {
  package let graph: Graph

  /// Bodies nest no deeper in files and texts.
  package static let nestingLimit = 16

  /// Constants up to this many bytes may lie in a body.
  package static let constantLimit = 8192

  package init(_ graph: Graph) { self.graph = graph }

  /// A body without outputs, the start of decoding.
  package init() { self.graph = Graph(name: "") }

  /// The form by which bodies are compared and hashed.
  private var encoding: [UInt8] {
    var writer = ByteWriter()
    graph.encodeWhole(into: &writer)
    return writer.bytes
  }

  /// The facts of the outputs for facts of the inputs, by the type rules of the nodes inside.
  ///
  /// `name` is what errors call the body, `budget` is shared by the bodies of a node.
  package func infer(
    _ inputs: [Fact], name: String, _ budget: InferenceBudget = InferenceBudget()
  ) throws(TypeError) -> [Fact] {
    guard inputs.count == graph.inputs.count else {
      throw .body(
        name, reason: "it has \(graph.inputs.count) inputs, the node gives \(inputs.count)")
    }
    var facts: [ValueID: Fact] = [:]
    for (input, fact) in zip(graph.inputs, inputs) {
      guard fact.valueType.isCompatible(with: graph.valueType(input)) else {
        throw .body(
          name,
          reason: "its input '\(graph[input].name)' is \(graph.valueType(input)), "
            + "the node gives \(fact.valueType)")
      }
      facts[input] = fact
    }
    func fact(_ value: ValueID) -> Fact { facts[value] ?? graph.fact(value) }
    for node in graph.nodes {
      try budget.spend(in: name)
      let results: [Fact]
      do {
        results = try ApusIR.infer(node.operation, node.operands.map { $0.map(fact) }, budget)
      } catch {
        throw .body(name, reason: "node '\(node.name)' (\(node.operation.name)): \(error)")
      }
      for (result, fact) in zip(node.results, results) {
        facts[result] = fact.mappingShape(\.namingUnknownsInside)
      }
    }
    return graph.outputs.map { fact($0.value).mappingShape(\.erasingUnknownsInside) }
  }
}

extension Body: Hashable {
  package static func == (left: Body, right: Body) -> Bool { left.encoding == right.encoding }
  package func hash(into hasher: inout Hasher) { hasher.combine(encoding) }
}

extension Fact {
  func mappingShape(_ change: (Shape) -> Shape) -> Fact {
    var copy = self
    copy.valueType = valueType.mapInnermost { TensorType($0.element, change($0.shape)) }
    return copy
  }
}
