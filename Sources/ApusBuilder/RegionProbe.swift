internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// A region alone in a graph, with probe data for what is not constant in it.
struct RegionProbe {
  /// The region's only node, its inputs and outputs.
  let graph: Graph
  let node: Node
  /// The graph's inputs, in order.
  let inputs: [HostTensor]
  /// The node's operands, constants included.
  let operands: [HostTensor?]

  /// Why a region cannot be probed.
  struct Failure: Error {
    let reason: String
  }

  /// Takes shapes from the symbols' values; integers in the probe data are below `integerLimit`.
  init(
    _ region: Region, symbols: [String: Int], integerLimit: UInt64 = 2
  ) throws(Failure) {
    var graph = Graph(name: "probe")
    var values: [ValueID?] = []
    var inputs: [HostTensor] = []
    var operands: [HostTensor?] = []
    var random = ProbeValues(seed: 1, integerLimit: integerLimit)
    for fact in region.operands {
      guard let fact else {
        values.append(nil)
        operands.append(nil)
        continue
      }
      if let constant = fact.constant ?? fact.substituting(symbols).known {
        values.append(graph.addWeight("w", constant))
        operands.append(constant)
        continue
      }
      guard let shape = fact.shape.substituting(symbols).fixed else {
        throw Failure(reason: "its shapes depend on data")
      }
      guard let tensor = random.tensor(fact.element, shape) else {
        throw Failure(
          reason: "there is no probe data of type \(TensorType(fact.element, fixed: shape))")
      }
      values.append(graph.addInput("x\(inputs.count)", tensor.type))
      inputs.append(tensor)
      operands.append(tensor)
    }
    do {
      let results = try graph.append(region.operation, values, name: "probe")
      for (index, result) in results.enumerated() { graph.addOutput("y\(index)", result) }
    } catch { throw Failure(reason: "its operands do not fit alone: \(error)") }
    guard let id = graph.order.first else { throw Failure(reason: "it has no node") }
    self.graph = graph
    self.node = graph[id]
    self.inputs = inputs
    self.operands = operands
  }

  /// An engine of the region alone, computed by a tactic.
  func engine(
    _ tactic: Tactic, sources: [any TacticSource], pool: ThreadPool
  ) throws(Failure) -> Engine {
    guard let source = sources.first(where: { $0.name == tactic.source }) else {
      throw Failure(reason: "there is no tactic source '\(tactic.source)'")
    }
    var packed: [Plan.PackedKey: HostTensor] = [:]
    do {
      for weight in try source.pack(tactic, Region(node, in: graph)) {
        packed[.init(node: node.id, operand: weight.operand)] = weight.tensor
      }
    } catch { throw Failure(reason: error.description) }
    let plan = Plan(graph: graph, tactics: [node.id: tactic], packed: packed, profiles: [])
    return Engine(plan: plan, sources: sources, pool: pool)
  }

  /// Microseconds per run, the fastest of several; nil where it fails.
  func time(_ engine: Engine, repetitions: Int) -> Double? {
    let session = engine.makeSession()
    guard (try? session.run(ordered: inputs)) != nil else { return nil }
    var best = UInt64.max
    for _ in 0..<max(repetitions, 1) {
      let start = apus_clock_monotonic()
      guard (try? session.run(ordered: inputs)) != nil else { return nil }
      best = min(best, apus_clock_monotonic() - start)
    }
    return Double(best) / 1000
  }

  /// Equal for regions whose tactics compute the same: operation, fields, shapes, what is constant,
  /// and the contents of small integer operands such as axes.
  static func signature(_ region: Region, symbols: [String: Int]) -> String {
    var text = region.operation.name
    for (name, value) in region.operation.fieldValues { text += ";\(name)=\(value)" }
    for fact in region.operands {
      guard let fact else {
        text += "|-"
        continue
      }
      let bound = fact.substituting(symbols)
      text += "|\(bound.type)\(fact.constant == nil ? "" : "c")"
      if let integers = bound.integers, integers.count <= 16 { text += "\(integers)" }
    }
    return text
  }
}
