package import ApusIR
internal import ApusTensor

/// Runs passes over a graph, each to its fixed point.
package struct Optimizer: Sendable {
  package var passes: [any Pass] = Pipeline.passes()
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
    while true {
      let order = graph.order
      var editor = GraphEditor(graph)
      // The editor owns the graph meanwhile, so that edits do not copy it.
      graph = Graph(name: graph.name)
      let before = count
      do throws(PatchError) {
        try sweep(pass, order, &editor, limit: limit, count: &count, budget: &budget)
      } catch {
        graph = editor.finish()
        throw error
      }
      graph = editor.finish()
      guard count > before else { return count }
      graph.removeDeadNodes()
      guard budget > 0, count < limit else { return count }
    }
  }

  /// Offers every node to the pass once.
  private func sweep(
    _ pass: any Pass, _ order: [NodeID], _ editor: inout GraphEditor, limit: Int,
    count: inout Int, budget: inout Int
  ) throws(PatchError) {
    for id in order {
      guard
        let patch = pass.rewrite(editor.graph[id], in: editor.graph, uses: editor.uses)
      else { continue }
      guard budget > 0, count < limit else { return }
      try editor.apply(patch)
      budget -= 1
      count += 1
    }
  }
}
