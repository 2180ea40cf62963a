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
    var choices = [Plan.Choice](repeating: .init(), count: max(options.profiles.count, 1))
    var selector = TacticSelector(
      sources: sources, options: options, machine: machine, graph: graph)
    for (index, id) in graph.order.enumerated() {
      options.progress?("choosing tactics", index, graph.order.count)
      let node = graph[id]
      if node.operation is any ViewOperator || node.operation is Extents { continue }
      report.launches += 1
      try choose(node, Region(node, in: graph), &selector, &choices, &report)
    }
    options.progress?("choosing tactics", graph.order.count, graph.order.count)
    selector.saveCache()
    report.level = options.level
    report.regions = selector.regions
    report.rejected = selector.rejected
    report.untimed = selector.untimed
    report.weightBytes = graph.weights.values.reduce(0) { $0 + $1.tensor.storedByteCount }
    report.milliseconds = Double(apus_clock_monotonic() - start) / 1e6
    return (Plan(graph: graph, choices: choices, profiles: options.profiles), report)
  }

  /// A node's tactic in each profile; profiles that take the same one share its packed weights.
  private func choose(
    _ node: Node, _ region: Region, _ selector: inout TacticSelector,
    _ choices: inout [Plan.Choice], _ report: inout BuildReport
  ) throws(BuildError) {
    var packed: [Tactic: [PackedWeight]] = [:]
    let first = report.tactics.count
    for profile in choices.indices {
      let choice = selector.choose(region, profile: profile)
      let same = report.tactics[first...].firstIndex {
        $0.tactic == choice.tactic.name && $0.source == choice.tactic.source
      }
      if let same {
        report.tactics[same].profiles.append(profile)
      } else {
        report.tactics.append(
          .init(
            node: node.name, operation: node.operation.name, source: choice.tactic.source,
            tactic: choice.tactic.name, microseconds: choice.microseconds, profiles: [profile]))
      }
      guard let source = sources.first(where: { $0.name == choice.tactic.source }) else { continue }
      choices[profile].tactics[node.id] = choice.tactic
      if packed[choice.tactic] == nil {
        do { packed[choice.tactic] = try source.pack(choice.tactic, region) } catch {
          throw .tactic(node: node.name, error)
        }
      }
      for weight in packed[choice.tactic] ?? [] {
        choices[profile].packed[.init(node: node.id, operand: weight.operand)] = weight.tensor
      }
    }
  }

  private func optimize(_ source: Graph, _ report: inout BuildReport) throws(BuildError) -> Graph {
    var graph = source
    var optimizer = Optimizer()
    let folder = WeightFolder(sources: sources, pool: ThreadPool(threads: options.threads))
    optimizer.passes = Pipeline.passes(evaluator: { folder.evaluate($0, in: $1) })
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
