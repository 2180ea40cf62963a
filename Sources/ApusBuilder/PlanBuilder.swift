package import ApusEngine
package import ApusIR
internal import ApusOptimizer
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// Turns a graph into a plan: optimises it, chooses a tactic for every region, packs weights.
package struct PlanBuilder: Sendable {
  package let sources: [any TacticSource]
  package let options: BuildOptions
  /// Identifies the machine in the timing cache.
  package let machine: String

  package init(sources: [any TacticSource], options: BuildOptions, machine: String) {
    self.sources = sources
    self.options = options
    self.machine = machine
  }

  package func build(_ source: Graph) throws(BuildError) -> (plan: Plan, report: BuildReport) {
    let start = apus_clock_monotonic()
    var report = BuildReport()
    report.nodesBefore = source.order.count
    let graph = try optimize(source, &report)
    report.nodesAfter = graph.order.count
    var tactics: [NodeID: Tactic] = [:]
    var packed: [Plan.PackedKey: HostTensor] = [:]
    var selector = TacticSelector(
      sources: sources, options: options, machine: machine, graph: graph)
    for (index, id) in graph.order.enumerated() {
      options.progress?("choosing tactics", index, graph.order.count)
      let node = graph[id]
      if node.operation is any ViewOperator || node.operation is Extents { continue }
      report.launches += 1
      let region = Region(node, in: graph)
      let choice = selector.choose(region)
      report.tactics.append(
        .init(
          node: node.name, operation: node.operation.name, tactic: choice.tactic.name,
          microseconds: choice.microseconds))
      guard let source = sources.first(where: { $0.name == choice.tactic.source }) else { continue }
      tactics[id] = choice.tactic
      do {
        for weight in try source.pack(choice.tactic, region) {
          packed[.init(node: id, operand: weight.operand)] = weight.tensor
        }
      } catch { throw .tactic(node: node.name, error) }
    }
    options.progress?("choosing tactics", graph.order.count, graph.order.count)
    selector.saveCache()
    report.rejected = selector.rejected
    report.untimed = selector.untimed
    report.weightBytes = graph.weights.values.reduce(0) { $0 + $1.tensor.storedByteCount }
    report.milliseconds = Double(apus_clock_monotonic() - start) / 1e6
    let plan = Plan(graph: graph, tactics: tactics, packed: packed, profiles: options.profiles)
    return (plan, report)
  }

  private func optimize(_ source: Graph, _ report: inout BuildReport) throws(BuildError) -> Graph {
    var graph = source
    var optimizer = Optimizer()
    optimizer.disabled = options.disabledPasses
    optimizer.patchLimit = options.stopAfterPatch
    var summaries: [BuildReport.PassSummary] = []
    var last = apus_clock_monotonic()
    let total = optimizer.passes.count
    do {
      _ = try optimizer.run(&graph) { pass in
        let now = apus_clock_monotonic()
        summaries.append(
          .init(
            name: pass.name, patches: pass.patches, nodesBefore: pass.nodesBefore,
            nodesAfter: pass.nodesAfter, milliseconds: Double(now - last) / 1e6))
        last = now
        options.progress?("optimising", summaries.count, total)
      }
    } catch { throw .optimizer(error.description) }
    report.passes = summaries
    return graph
  }
}
