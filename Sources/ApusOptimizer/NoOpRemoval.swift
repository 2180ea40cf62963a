package import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Removes nodes that return an operand unchanged.
package struct NoOpRemoval: Pass {
  package let name = "no-op-removal"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard node.results.count == 1, !uses.isUnused(node.results[0]),
      let source = unchanged(node, in: graph)
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    patch.replace(node.results[0], with: .value(source))
    return patch
  }

  private func unchanged(_ node: Node, in graph: Graph) -> ValueID? {
    guard let first = graph.operand(node, 0) else { return nil }
    let sameType = graph.type(first) == graph.type(node.results[0])
    switch node.operation {
    case is Identity: return first
    case let cast as Cast:
      return sameType && graph.type(first).element == cast.element ? first : nil
    case is Reshape, is Expand, is Squeeze, is Unsqueeze, is Flatten:
      return sameType && graph.type(first).rank != nil ? first : nil
    case let transpose as Transpose:
      guard let rank = graph.type(first).rank else { return nil }
      return transpose.permutation == Array(0..<rank) || rank <= 1 ? first : nil
    case is Concat: return node.operands.count == 1 ? first : nil
    case is Slice: return isWhole(node, graph) && sameType ? first : nil
    case let binary as Binary: return neutral(binary, node, graph)
    default: return nil
    }
  }

  /// Whether every start is 0 and every step 1; the equal type says that the ends reach far enough.
  private func isWhole(_ node: Node, _ graph: Graph) -> Bool {
    guard let starts = graph.operand(node, 1).flatMap({ graph.fact($0).integers }),
      graph.operand(node, 0).map({ graph.type($0).rank != nil }) == true
    else { return false }
    guard let steps = graph.operand(node, 4) else { return starts.allSatisfy { $0 == 0 } }
    return starts.allSatisfy { $0 == 0 }
      && graph.fact(steps).integers?.allSatisfy { $0 == 1 } == true
  }

  /// x + 0, x − 0, x · 1, x / 1, x ^ 1 with the constant on the neutral side.
  private func neutral(_ binary: Binary, _ node: Node, _ graph: Graph) -> ValueID? {
    guard let left = graph.operand(node, 0), let right = graph.operand(node, 1) else { return nil }
    let result = graph.type(node.results[0])
    // Of an operand without known rank the constant may have more axes.
    func keeps(_ value: ValueID, beside constant: ValueID) -> Bool {
      graph.type(value) == result && (result.rank != nil || graph.type(constant).rank == 0)
    }
    switch (binary.function, graph.scalar(left), graph.scalar(right)) {
    case (.add, _, 0), (.subtract, _, 0), (.multiply, _, 1), (.divide, _, 1), (.power, _, 1):
      return keeps(left, beside: right) ? left : nil
    case (.add, 0, _), (.multiply, 1, _): return keeps(right, beside: left) ? right : nil
    default: return nil
    }
  }
}
