internal import ApusIR
internal import ApusTensor

extension Plan {
  /// Refuses a plan that no builder makes with these sources: a tactic that its source does not offer
  /// for the region, or packed operands other than those that the tactic reads. Kernels trust their
  /// arguments, so a plan from a file passes here before its kernels are made.
  package func check(_ sources: [any TacticSource]) throws(TacticError) {
    for choice in choices { try check(choice, sources) }
  }

  private func check(
    _ choice: Choice, _ sources: [any TacticSource]
  ) throws(TacticError) {
    var packedOperands: [NodeID: [Int: HostTensor]] = [:]
    for (key, tensor) in choice.packed {
      packedOperands[key.node, default: [:]][key.operand] = tensor
    }
    for node in graph.nodes {
      let tactic = choice.tactics[node.id] ?? ReferenceTactics.tactic
      var expected: [Int: Int] = [:]
      if tactic != ReferenceTactics.tactic {
        let region = Region(node, in: graph)
        guard let source = sources.first(where: { $0.name == tactic.source }),
          source.tactics(for: region).contains(tactic)
        else { throw .unknown(tactic) }
        expected = try source.packedByteCounts(tactic, region)
      }
      let found = packedOperands[node.id, default: [:]]
      guard found.mapValues(\.byteCount) == expected else {
        throw .unsuitable(tactic, reason: "node '\(node.name)' has other packed operands")
      }
    }
  }
}
