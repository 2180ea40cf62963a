package import ApusIR
internal import ApusTensor

/// Runs passes over a graph, each to its fixed point.
package struct Optimizer: Sendable {
  package var passes: [any Pass] = Pipeline.passes
  package var disabled: Set<String> = []
  /// Stops after this many patches in all, to bisect a miscompile.
  package var patchLimit: Int?

  package init() {}

  /// What one pass did.
  package struct PassReport: Sendable {
    package let name: String
    package let patches: Int
    package let nodesBefore: Int
    package let nodesAfter: Int
  }

  /// Optimises the graph; the graph is verified by the type rules patch by patch.
  package func run(
    _ graph: inout Graph, afterPass: (PassReport) -> Void = { _ in }
  ) throws(PatchError) -> [PassReport] {
    var reports: [PassReport] = []
    var budget = patchLimit ?? .max
    graph.removeDeadNodes()
    for pass in passes where !disabled.contains(pass.name) && budget > 0 {
      let before = graph.order.count
      let patches = try apply(pass, to: &graph, budget: &budget)
      graph.removeDeadNodes()
      let report = PassReport(
        name: pass.name, patches: patches, nodesBefore: before, nodesAfter: graph.order.count)
      reports.append(report)
      afterPass(report)
    }
    return reports
  }

  private func apply(
    _ pass: any Pass, to graph: inout Graph, budget: inout Int
  ) throws(PatchError) -> Int {
    var count = 0
    // A pass that undoes its own work would never end; no sound one needs more than this.
    let limit = 16 * graph.order.count + 64
    var changed = true
    while changed {
      changed = false
      var uses = Uses(graph)
      for id in graph.order where graph.contains(id) {
        let node = graph[id]
        guard let patch = pass.rewrite(node, in: graph, uses: uses) else { continue }
        guard budget > 0, count < limit else { return count }
        try graph.apply(patch)
        budget -= 1
        count += 1
        changed = true
        uses = Uses(graph)
      }
      if changed { graph.removeDeadNodes() }
    }
    return count
  }
}
