internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor

/// Computes products and convolutions of weights alone by the first tactic that passes verification,
/// for those that the naive evaluation would take too long for.
struct WeightFolder: Sendable {
  let sources: [any TacticSource]
  let pool: ThreadPool

  /// The node's results; nil where its operands are not all weights or no tactic passes.
  func evaluate(_ node: Node, in graph: Graph) -> [HostTensor]? {
    let region = Region(node, in: graph)
    guard region.operands.allSatisfy({ $0?.constant != nil }) else { return nil }
    let verifier = RegionVerifier(region, symbols: [:])
    guard let probe = verifier.probe, probe.inputs.isEmpty else { return nil }
    for tactic in sources.flatMap({ $0.tactics(for: region) }) {
      guard let engine = try? probe.engine(tactic, sources: sources, pool: pool),
        (try? verifier.check(engine)) != nil,
        let results = try? engine.makeSession().run(ordered: [])
      else { continue }
      return results
    }
    return nil
  }
}
