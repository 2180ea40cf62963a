package import ApusIR

/// Lets equal computations happen once: a node equal to an earlier one takes its results.
package struct CommonSubexpressions: Pass {
  package let name = "common-subexpressions"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard node.operation.isDeterministic, node.results.contains(where: { !uses.isUnused($0) })
    else { return nil }
    guard let twin = twin(of: node, in: graph, uses: uses) else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    for (mine, other) in zip(node.results, twin.results) {
      patch.replace(mine, with: .value(other))
    }
    return patch
  }

  /// An earlier node with the same operation on the same operands.
  private func twin(of node: Node, in graph: Graph, uses: Uses) -> Node? {
    let candidates: [NodeID]
    if let operand = node.operands.compactMap({ $0 }).first(where: { graph.weight($0) == nil }) {
      candidates = uses.of(operand)
    } else if let operand = node.operands.compactMap({ $0 }).first {
      candidates = uses.of(operand)
    } else {
      candidates = Array(graph.order.prefix { $0 != node.id })
    }
    for id in candidates {
      if id == node.id { return nil }
      let other = graph[id]
      if other.operands == node.operands, other.results.count == node.results.count,
        other.operation.isEqual(to: node.operation)
      {
        return other
      }
    }
    return nil
  }
}
