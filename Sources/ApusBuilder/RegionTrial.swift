internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// A region alone on probe data, to verify and time tactics.
struct RegionTrial {
  private let region: Region
  private let symbols: [String: Int]

  /// The most multiply-adds that verification spends on the naive reference.
  private static let verificationBudget = 60_000_000

  init(_ region: Region, symbols: [String: Int]) {
    self.region = region
    self.symbols = symbols
  }

  /// Equal for regions whose tactics take equally long: operation, fields, shapes, constants.
  var signature: String {
    var text = region.operation.name
    for (name, value) in region.operation.fieldValues { text += ";\(name)=\(value)" }
    for fact in region.operands {
      guard let fact else {
        text += "|-"
        continue
      }
      let type = TensorType(fact.element, fact.shape.substituting(symbols))
      text += "|\(type)\(fact.constant == nil ? "" : "c")"
    }
    return text
  }

  /// Why a tactic's results stray from the reference on random data, or nil.
  func disagreement(
    of tactic: Tactic, sources: [any TacticSource], pool: ThreadPool
  ) -> String? {
    guard let (engine, inputs) = engine(tactic, sources, pool, small: true) else { return nil }
    let graph = engine.plan.graph
    guard let node = graph.nodes.first(where: { _ in true }), cost(inputs, node) else { return nil }
    guard let expected = try? ReferenceEvaluator(graph).run(inputs) else { return nil }
    let found: [HostTensor]
    do { found = try engine.makeSession().run(ordered: inputs) } catch { return error.description }
    for (want, have) in zip(expected, found) {
      if let reason = Self.compare(want, have) { return reason }
    }
    return nil
  }

  /// Whether the naive reference is affordable.
  private func cost(_ inputs: [HostTensor], _ node: Node) -> Bool {
    let facts = node.operands.indices.map { index -> Fact? in region.operands[index] }
    let contraction: Int
    switch region.operation {
    case is MatMul, is Convolution:
      let weight = facts[1]?.constant?.count ?? inputs.last?.count ?? 1
      let rows = inputs.first.map { $0.count / max($0.shape.last ?? 1, 1) } ?? 1
      contraction = weight.multipliedReportingOverflow(by: max(rows, 1)).partialValue
    default: contraction = inputs.reduce(0) { $0 + $1.count }
    }
    return contraction >= 0 && contraction <= Self.verificationBudget
  }

  private static func compare(_ want: HostTensor, _ have: HostTensor) -> String? {
    guard want.shape == have.shape, want.element == have.element else {
      return "gives \(have.type), expected \(want.type)"
    }
    guard want.element.isFloatingPoint else {
      return want.packedBytes == have.packedBytes ? nil : "integer results differ"
    }
    guard let a = try? want.reals(), let b = try? have.reals() else { return nil }
    let scale = a.reduce(0) { max($0, $1.isFinite ? $1.magnitude : 0) }
    for (x, y) in zip(a, b) where x.isFinite {
      if !((x - y).magnitude <= 1e-3 * scale + 1e-6) { return "differs by \((x - y).magnitude)" }
    }
    return nil
  }

  /// Microseconds per run at the optimum shapes, the fastest of several.
  func time(
    _ tactic: Tactic, sources: [any TacticSource], pool: ThreadPool, repetitions: Int
  ) -> Double? {
    guard let (engine, inputs) = engine(tactic, sources, pool, small: false) else { return nil }
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

  /// An engine of the region alone, and inputs for it.
  private func engine(
    _ tactic: Tactic, _ sources: [any TacticSource], _ pool: ThreadPool, small: Bool
  ) -> (Engine, [HostTensor])? {
    let values = small ? symbols.mapValues { min($0, 7) } : symbols
    var graph = Graph(name: "trial")
    var operands: [ValueID?] = []
    var inputs: [HostTensor] = []
    var random = ProbeValues(seed: 1)
    for fact in region.operands {
      guard let fact else {
        operands.append(nil)
        continue
      }
      if let constant = fact.constant ?? fact.substituting(values).known {
        operands.append(graph.addWeight("w", constant))
        continue
      }
      guard let shape = fact.shape.substituting(values).fixed,
        let tensor = random.tensor(fact.element, shape)
      else { return nil }
      operands.append(graph.addInput("x\(inputs.count)", tensor.type))
      inputs.append(tensor)
    }
    guard let results = try? graph.append(region.operation, operands, name: "trial") else {
      return nil
    }
    for (index, result) in results.enumerated() { graph.addOutput("y\(index)", result) }
    guard let node = graph.order.first,
      let source = sources.first(where: { $0.name == tactic.source }),
      let weights = try? source.pack(tactic, Region(graph[node], in: graph))
    else { return nil }
    var packed: [Plan.PackedKey: HostTensor] = [:]
    for weight in weights { packed[.init(node: node, operand: weight.operand)] = weight.tensor }
    let plan = Plan(graph: graph, tactics: [node: tactic], packed: packed, profiles: [])
    return (Engine(plan: plan, sources: sources, pool: pool), inputs)
  }
}

/// Deterministic probe data: reals around 0, small non-negative integers, mixed truth values.
struct ProbeValues {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// splitmix64 (Steele et al. 2014).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var x = state
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }

  mutating func tensor(_ element: ElementType, _ shape: [Int]) -> HostTensor? {
    guard let count = Array.product(shape), count <= 1 << 28 else { return nil }
    switch element.arithmetic {
    case .real:
      let values = (0..<count).map { _ in Double(next() >> 40) / Double(1 << 23) - 1 }
      return try? HostTensor(element, shape: shape, .real(values))
    case .signed, .unsigned:
      let values = (0..<count).map { _ in Int64(next() & 1) }
      return try? HostTensor(element, shape: shape, .signed(values))
    case .boolean:
      let values = (0..<count).map { _ in next() & 1 == 0 }
      return try? HostTensor(element, shape: shape, .boolean(values))
    case .text, .complex: return nil
    }
  }
}
