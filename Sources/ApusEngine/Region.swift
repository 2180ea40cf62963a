package import ApusIR
package import ApusTensor

/// What one launch of a plan computes: a node of the optimised graph with what is known about its
/// operands when the engine is built.
package struct Region: Sendable {
  package let node: Node
  /// Facts of the operands as the graph has them; nil for a missing optional operand.
  package let operands: [Fact?]
  package let results: [Fact]

  package init(node: Node, operands: [Fact?], results: [Fact]) {
    self.node = node
    self.operands = operands
    self.results = results
  }

  package init(_ node: Node, in graph: Graph) {
    self.init(
      node: node, operands: node.operands.map { $0.map(graph.fact) },
      results: node.results.map(graph.fact))
  }

  package var operation: any Operator { node.operation }

  /// The constant behind an operand, or nil.
  package func constant(_ operand: Int) -> HostTensor? {
    operands.indices.contains(operand) ? operands[operand]?.constant : nil
  }

  /// The region with every symbol that `bindings` names replaced.
  package func substituting(_ bindings: [String: Int]) -> Region {
    Region(
      node: node, operands: operands.map { $0?.substituting(bindings) },
      results: results.map { $0.substituting(bindings) })
  }
}
