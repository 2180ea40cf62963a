package import ApusIR
internal import ApusTensor

/// Puts the body that a constant condition chooses in the place of its branch, so that kernels run it
/// and passes see through it.
package struct BranchInlining: Pass {
  package let name = "branch-inlining"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard let branch = node.operation as? Branch,
      let condition = graph.operand(node, 0).flatMap({ graph.fact($0).constant }),
      let isTaken = try? condition.booleans().first
    else { return nil }
    let body = isTaken ? branch.then : branch.otherwise
    let captured = node.operands.dropFirst().compactMap { $0 }
    // What runs in the graph has the types that the body gives, which a joined type may wrap.
    guard captured.count == body.graph.inputs.count,
      let facts = try? body.infer(captured.map(graph.fact), name: "the branch"),
      facts.count == node.results.count,
      zip(facts, node.results).allSatisfy({
        graph.valueType($1).isCompatible(with: $0.valueType)
      })
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    var sources: [ValueID: Patch.Source] = [:]
    for (input, operand) in zip(body.graph.inputs, captured) { sources[input] = .value(operand) }
    for (value, weight) in body.graph.weights {
      sources[value] = .constant(
        Weight(name: "\(node.name)/\(weight.name)", tensor: weight.tensor))
    }
    for inner in body.graph.nodes {
      var operands: [Patch.Source?] = []
      for operand in inner.operands {
        guard let operand else {
          operands.append(nil)
          continue
        }
        guard let source = sources[operand] else { return nil }
        operands.append(source)
      }
      _ = patch.add(inner.operation, operands, name: "\(node.name)/\(inner.name)")
      for (index, result) in inner.results.enumerated() {
        sources[result] = .result(node: patch.nodes.count - 1, index: index)
      }
    }
    for (result, output) in zip(node.results, body.graph.outputs) where !uses.isUnused(result) {
      guard let source = sources[output.value] else { return nil }
      patch.replace(result, with: source)
    }
    return patch.replacements.isEmpty ? nil : patch
  }
}
