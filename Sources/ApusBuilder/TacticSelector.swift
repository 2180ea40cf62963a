internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// Chooses a tactic per region: by the sources' order at level 0, else by verified time, once per
/// signature.
struct TacticSelector {
  struct Choice {
    var tactic: Tactic
    var microseconds: Double?
  }

  let sources: [any TacticSource]
  let options: BuildOptions
  let graph: Graph
  private(set) var rejected: [String] = []
  /// Regions that were left untimed because the time for tuning was up.
  private(set) var untimed = 0
  private let start = apus_clock_monotonic()
  private var cache: TimingCache
  private var known: [String: Choice] = [:]
  private let symbols: [String: Int]
  private let pool: ThreadPool

  init(sources: [any TacticSource], options: BuildOptions, machine: String, graph: Graph) {
    self.sources = sources
    self.options = options
    self.graph = graph
    self.cache = TimingCache(
      path: options.level > 0 ? options.timingCachePath : nil, machine: machine)
    self.symbols = Self.optimum(graph, options.profiles.first)
    self.pool = ThreadPool(threads: options.level > 0 ? options.threads : 1)
  }

  /// Values for the graph's symbols: the first profile's optimum, else 1.
  private static func optimum(_ graph: Graph, _ profile: Profile?) -> [String: Int] {
    var values: [String: Int] = [:]
    for input in graph.inputs {
      let extents = graph.type(input).extents ?? []
      let optimum = profile?.inputs[graph[input].name]?.optimum
      for (axis, extent) in extents.enumerated() {
        for symbol in extent.symbols where values[symbol] == nil {
          // Profiles may come from a file and have another rank than the input.
          let given = optimum.flatMap { $0.indices.contains(axis) ? $0[axis] : nil }
          values[symbol] = extent == .symbol(symbol) ? given ?? 1 : 1
        }
      }
    }
    return values
  }

  mutating func choose(_ region: Region) -> Choice {
    let candidates = sources.flatMap { $0.tactics(for: region) }
    guard let first = candidates.first else { return Choice(tactic: ReferenceTactics.tactic) }
    guard options.level > 0 else { return Choice(tactic: first) }
    let trial = RegionTrial(region, symbols: symbols)
    let signature = trial.signature
    if let choice = known[signature] { return choice }
    if let limit = options.tuningSeconds, Double(apus_clock_monotonic() - start) / 1e9 > limit {
      untimed += 1
      return Choice(tactic: first)
    }
    let choice = measure(candidates, trial, region)
    known[signature] = choice
    return choice
  }

  private mutating func measure(
    _ candidates: [Tactic], _ trial: RegionTrial, _ region: Region
  ) -> Choice {
    var best: Choice?
    for tactic in candidates {
      if let time = cache.find(trial.signature, tactic) {
        if time < best?.microseconds ?? .infinity {
          best = Choice(tactic: tactic, microseconds: time)
        }
        continue
      }
      if let reason = trial.disagreement(of: tactic, sources: sources, pool: pool) {
        rejected.append(
          "\(region.node.name) (\(region.operation.name)): tactic \(tactic.name): \(reason)")
        continue
      }
      guard
        let time = trial.time(
          tactic, sources: sources, pool: pool, repetitions: options.averageTiming)
      else {
        if best == nil { best = Choice(tactic: tactic) }
        continue
      }
      cache.insert(trial.signature, tactic, time)
      if time < best?.microseconds ?? .infinity {
        best = Choice(tactic: tactic, microseconds: time)
      }
    }
    return best ?? Choice(tactic: ReferenceTactics.tactic)
  }

  func saveCache() { cache.save() }
}
