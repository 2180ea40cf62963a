internal import ApusTensor

/// Applies patches to a graph and keeps track of who reads what, so that a sweep costs time in
/// proportion to what it changes, not to the graph.
package struct GraphEditor {
  package private(set) var graph: Graph
  package private(set) var uses: Uses
  /// New nodes, by the node that they stand before.
  private var inserted: [NodeID: [NodeID]] = [:]
  /// Where a node stands in the execution order; new nodes stand just before their anchor.
  private var places: [Int]

  package init(_ graph: Graph) {
    self.graph = graph
    uses = Uses(graph)
    places = Array(repeating: 0, count: graph.nodeCapacity)
    for (position, id) in graph.order.enumerated() { places[id.index] = 2 * position + 1 }
  }

  /// Applies a patch after checking every new node by its type rule and every replacement's type
  /// against the value it replaces. On failure the graph is unchanged.
  package mutating func apply(_ patch: Patch) throws(PatchError) {
    guard graph.contains(patch.anchor) else { throw .unknownAnchor(label: patch.label) }
    let (valueCount, nodeCount) = (graph.values.count, graph.nodeCapacity)
    let created: [Node]
    let replacements: [(old: ValueID, new: ValueID)]
    do {
      created = try makeNodes(patch)
      replacements = try checkedReplacements(patch, created)
    } catch {
      graph.truncate(values: valueCount, nodes: nodeCount)
      throw error
    }
    let place = places[patch.anchor.index] - 1
    places += Array(repeating: place, count: graph.nodeCapacity - places.count)
    inserted[patch.anchor, default: []] += created.map(\.id)
    let places = places
    let precedes = { (left: NodeID, right: NodeID) in
      (places[left.index], left.index) < (places[right.index], right.index)
    }
    for node in created { uses.add(node, precedes: precedes) }
    for (old, new) in replacements {
      if graph[new].name.isEmpty { graph[new].name = graph[old].name }
      refine(new, with: graph.fact(old))
      for reader in uses.of(old) where graph.contains(reader) {
        graph[reader].operands = graph[reader].operands.map { $0 == old ? new : $0 }
      }
      graph.replaceOutputs(old, with: new)
      uses.move(old, to: new, precedes: precedes)
    }
  }

  private mutating func makeNodes(_ patch: Patch) throws(PatchError) -> [Node] {
    var created: [Node] = []
    for node in patch.nodes {
      var operands: [ValueID?] = []
      for source in node.operands {
        guard let source else {
          operands.append(nil)
          continue
        }
        operands.append(try resolve(source, patch, created))
      }
      do {
        created.append(
          try graph.makeNode(node.operation, operands, name: node.name, resultNames: []))
      } catch {
        throw .type(label: patch.label, node: node.operation.name, error)
      }
    }
    return created
  }

  private mutating func resolve(
    _ source: Patch.Source, _ patch: Patch, _ created: [Node]
  ) throws(PatchError) -> ValueID {
    switch source {
    case .value(let id): return id
    case .constant(let weight): return graph.addWeight(weight.name, weight.tensor)
    case .result(let node, let index):
      guard created.indices.contains(node), created[node].results.indices.contains(index) else {
        throw .malformed(label: patch.label)
      }
      return created[node].results[index]
    }
  }

  private mutating func checkedReplacements(
    _ patch: Patch, _ created: [Node]
  ) throws(PatchError) -> [(old: ValueID, new: ValueID)] {
    var result: [(old: ValueID, new: ValueID)] = []
    for (old, source) in patch.replacements {
      let new = try resolve(source, patch, created)
      let before = graph.valueType(old)
      let after = graph.valueType(new)
      guard before.isCompatible(with: after) else {
        throw .typeChanged(
          label: patch.label, value: graph[old].name, before: before, after: after)
      }
      result.append((old, new))
    }
    return result
  }

  /// Keeps what was known about a replaced value where the replacement knows less.
  private mutating func refine(_ value: ValueID, with fact: Fact) {
    let mine = graph.fact(value)
    if case .unranked = mine.shape, case .ranked = fact.shape { graph[value].fact.type = fact.type }
  }

  /// The graph with every new node in its place.
  package consuming func finish() -> Graph {
    guard !inserted.isEmpty else { return graph }
    var order: [NodeID] = []
    order.reserveCapacity(graph.order.count + inserted.count)
    for id in graph.order {
      if let before = inserted[id] { order += before }
      order.append(id)
    }
    graph.order = order
    return graph
  }
}

extension Graph {
  /// Applies one patch. On failure the graph is unchanged.
  package mutating func apply(_ patch: Patch) throws(PatchError) {
    var editor = GraphEditor(self)
    try editor.apply(patch)
    self = editor.finish()
  }
}
