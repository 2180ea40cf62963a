internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import Foundation

/// A layer of a plan: a node and what computes it.
struct LayerInfo {
  let name: String
  let operation: String
  let tactic: String
  let inputs: [String]
  let outputs: [(name: String, type: String)]
  /// The input that the layer extends in place in runs with a cache.
  var cachedInput: String?
  /// Whether runs with a cache copy it for this layer, whose tactic takes no strides.
  var copiesCache = false

  static func rows(_ plan: Plan, _ pairs: [CachePair] = []) -> [LayerInfo] {
    plan.graph.nodes.map { node in
      LayerInfo(
        name: node.name, operation: node.operation.name,
        tactic: Self.tactic(node, plan),
        inputs: node.operands.map { $0.map { "\(plan.graph.type($0))" } ?? "-" },
        outputs: node.results.map { (plan.graph[$0].name, "\(plan.graph.type($0))") },
        cachedInput: pairs.first { $0.node == node.id }?.input,
        copiesCache: pairs.contains { $0.compacting.contains(node.id) })
    }
  }

  private static func tactic(_ node: Node, _ plan: Plan) -> String {
    if node.isFree { return "none" }
    let variants = plan.variants(of: node.id)
    let names = variants.map { $0.tactic?.name ?? "evaluate" }
    guard variants.count > 1 else { return names[0] }
    return zip(names, variants).map { name, variant in
      "\(name) (profile \(variant.profiles.map(String.init).joined(separator: ", ")))"
    }.joined(separator: ", ")
  }

  var json: JSON {
    var members: [String: JSON] = [
      "Name": .text(name), "LayerType": .text(operation), "TacticName": .text(tactic),
      "Inputs": .texts(inputs),
      "Outputs": .list(
        outputs.map { .object(["Name": .text($0.name), "Type": .text($0.type)]) }),
    ]
    if let cachedInput { members["CachedInput"] = .text(cachedInput) }
    if copiesCache { members["CopiesCache"] = .boolean(true) }
    return .object(members)
  }
}

extension Node {
  /// Whether the node does nothing at run time.
  var isFree: Bool { operation is any ViewOperator || operation is Extents }
}

/// The time of one layer over profiled runs, in milliseconds.
struct LayerTimes {
  let name: String
  let total: Double
  let average: Double
  let median: Double
  let share: Double

  /// A row per node in execution order; the kernels of a node are added up.
  static func rows(_ profile: LayerProfile, _ plan: Plan, runs: Int) -> [LayerTimes] {
    let layers = plan.graph.nodes.compactMap { node -> (String, [Double])? in
      guard let samples = profile.samples[node.id], !samples.isEmpty else { return nil }
      let kernels = max(samples.count / max(runs, 1), 1)
      let perRun = stride(from: 0, to: samples.count, by: kernels).map { start in
        Double(samples[start..<min(start + kernels, samples.count)].reduce(0, +)) / 1e6
      }
      let label = node.name.isEmpty ? node.operation.name : "\(node.operation.name) \(node.name)"
      return (label, perRun)
    }
    let all = layers.reduce(0) { $0 + $1.1.reduce(0, +) }
    return layers.map { name, times in
      let total = times.reduce(0, +)
      return LayerTimes(
        name: name, total: total, average: total / Double(max(runs, 1)),
        median: LatencySummary(times, percentiles: []).median,
        share: all > 0 ? total / all * 100 : 0)
    }
  }

  /// trtexec's table.
  static func text(_ rows: [LayerTimes], runs: Int) -> [String] {
    func line(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ name: String) -> String {
      String(format: "%12.2f %12.4f %12.4f %10.1f   ", a, b, c, d) + name
    }
    var lines = ["=== Profile (\(runs) iterations ) ==="]
    lines.append("    Time(ms)     Avg.(ms)   Median(ms)    Time(%)   Layer")
    lines += rows.map { line($0.total, $0.average, $0.median, $0.share, $0.name) }
    lines.append(
      line(
        rows.reduce(0) { $0 + $1.total }, rows.reduce(0) { $0 + $1.average },
        rows.reduce(0) { $0 + $1.median }, 100, "Total"))
    return lines
  }
}
