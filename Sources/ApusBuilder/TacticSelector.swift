internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// Chooses a tactic per region: at level 0 the first that a source offers, else the fastest of those
/// that pass verification. Regions of one signature share the choice.
struct TacticSelector {
  struct Choice {
    var tactic: Tactic
    var microseconds: Double?
  }

  let sources: [any TacticSource]
  let options: BuildOptions
  let graph: Graph
  /// What was found out, a row per signature in the order of first use.
  private(set) var regions: [RegionSummary] = []
  private(set) var rejected: [RejectedTactic] = []
  /// Regions that were left untimed because the time for tuning was up.
  private(set) var untimed = 0
  private let start = apus_clock_monotonic()
  private var cache: TimingCache
  private var known: [RegionKind: (choice: Choice, row: Int)] = [:]
  /// Values of the graph's symbols for each profile.
  private let symbols: [[String: Int]]
  private let pool: ThreadPool

  init(sources: [any TacticSource], options: BuildOptions, machine: String, graph: Graph) {
    self.sources = sources
    self.options = options
    self.graph = graph
    self.cache = TimingCache(
      path: options.level > 0 ? options.timingCachePath : nil, machine: machine)
    let profiles = options.profiles.isEmpty ? [nil] : options.profiles.map(Optional.some)
    self.symbols = profiles.map { Self.optimum(graph, $0) }
    self.pool = ThreadPool(threads: options.level > 0 ? options.threads : 1)
  }

  /// Values for the graph's symbols: what a profile's best shapes tell, else 1.
  private static func optimum(_ graph: Graph, _ profile: Profile?) -> [String: Int] {
    graph.completeSymbols(profile?.inputs.mapValues(\.optimum) ?? [:])
  }

  /// Chooses for a region at a profile's best shapes.
  mutating func choose(_ region: Region, profile: Int) -> Choice {
    let symbols = symbols[profile]
    let signature = RegionProbe.signature(region, symbols: symbols)
    let candidates = sources.flatMap { $0.tactics(for: region) }
    let kind = RegionKind(signature: signature, candidates: candidates)
    if let known = known[kind] {
      regions[known.row].uses += 1
      return known.choice
    }
    var choice = Choice(tactic: ReferenceTactics.tactic, microseconds: nil)
    var verification = Verification.reference
    if let first = candidates.first {
      if let limit = options.tuningSeconds, options.level > 0,
        Double(apus_clock_monotonic() - start) / 1e9 > limit
      {
        untimed += 1
        choice.tactic = first
        verification = .none(reason: "the time for tuning was up")
      } else if options.level > 0 {
        (choice, verification) = measure(candidates, region, signature, symbols)
      } else {
        choice.tactic = first
        verification = .none(reason: "level 0 verifies nothing")
      }
    }
    known[kind] = (choice, regions.count)
    regions.append(
      RegionSummary(
        signature: signature, operation: region.operation.name, node: region.node.name, uses: 1,
        tactic: choice.tactic.name, verification: verification))
    return choice
  }

  /// Larger values for the symbols of a region that are 1, as they are where no profile tells them: an
  /// extent of 1 shows nothing of strides and borders. Nil where none is.
  private static func larger(_ region: Region, than symbols: [String: Int]) -> [String: Int]? {
    let used = region.operands.reduce(into: Set<String>()) { names, fact in
      for extent in fact?.type.extents ?? [] { names.formUnion(extent.symbols) }
    }
    guard used.contains(where: { symbols[$0] == 1 }) else { return nil }
    return symbols.mapValues { $0 == 1 ? 5 : $0 }
  }

  /// The fastest tactic that passes. Cached times save the timing, never the verification.
  private mutating func measure(
    _ candidates: [Tactic], _ region: Region, _ signature: String, _ symbols: [String: Int]
  ) -> (Choice, Verification) {
    let verifier = RegionVerifier(region, symbols: symbols)
    let probe = try? RegionProbe(region, symbols: symbols)
    var passed: [Choice] = []
    var cached: [Choice] = []
    for tactic in candidates {
      if let time = cache.find(signature, tactic) {
        cached.append(Choice(tactic: tactic, microseconds: time))
      } else if passes(tactic, verifier, region) {
        let time = self.time(tactic, probe)
        if let time { cache.insert(signature, tactic, time) }
        passed.append(Choice(tactic: tactic, microseconds: time))
      }
    }
    // What passed stands before what is still to be verified, and the sources' order counts among equals.
    let order = (passed + cached).enumerated().sorted { a, b in
      let times = (a.element.microseconds ?? .infinity, b.element.microseconds ?? .infinity)
      return times.0 == times.1 ? a.offset < b.offset : times.0 < times.1
    }
    let larger = Self.larger(region, than: symbols).map { RegionVerifier(region, symbols: $0) }
    for (place, choice) in order {
      guard place < passed.count || passes(choice.tactic, verifier, region),
        larger.map({ passes(choice.tactic, $0, region) }) ?? true
      else { continue }
      return (choice, verifier.coverage)
    }
    return (Choice(tactic: ReferenceTactics.tactic), .reference)
  }

  /// Whether a tactic's results agree with the definition; one that fails is recorded.
  private mutating func passes(
    _ tactic: Tactic, _ verifier: RegionVerifier, _ region: Region
  ) -> Bool {
    guard let probe = verifier.probe else { return true }
    let disagreement: RegionVerifier.Disagreement
    do {
      let engine = try probe.engine(tactic, sources: sources, pool: pool)
      do throws(RegionVerifier.Disagreement) {
        try verifier.check(engine)
        return true
      } catch { disagreement = error }
    } catch { disagreement = .init(reason: error.reason) }
    rejected.append(
      RejectedTactic(
        node: region.node.name, operation: region.operation.name, tactic: tactic.name,
        coordinates: disagreement.coordinates, found: disagreement.found,
        expected: disagreement.expected, tolerance: disagreement.tolerance,
        reason: disagreement.reason))
    return false
  }

  private func time(_ tactic: Tactic, _ probe: RegionProbe?) -> Double? {
    guard let probe, let engine = try? probe.engine(tactic, sources: sources, pool: pool) else {
      return nil
    }
    return probe.time(engine, repetitions: options.averageTiming)
  }

  func saveCache() { cache.save() }
}

/// Regions that share a choice: they look alike at the profile's shapes, and the sources offer the same
/// for them, which also depends on which extents are fixed at any shape.
private struct RegionKind: Hashable {
  let signature: String
  let candidates: [Tactic]
}
