internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// A model that was built, run and compared.
struct Trial {
  /// Time of one run.
  struct Timing {
    var milliseconds: Double
    var runs: Int
  }

  struct Agreement {
    var name: String
    var agrees: Bool
    var description: String
  }

  enum Comparing {
    case compared([Agreement])
    case skipped(String)
  }

  let graph: Graph
  let plan: Plan
  let report: BuildReport
  let inputs: [(name: String, tensor: HostTensor)]
  let arenaBytes: Int
  let untuned: Timing
  /// nil where tuning was left out.
  private(set) var tuned: Timing?
  private(set) var tuningSeconds = 0.0
  private(set) var untimedRegions = 0
  private(set) var rejected: [String] = []
  let agreement: Comparing

  /// More operations than this are too many for the naive reference.
  static let referenceLimit = 4_000_000_000
  private static let tuningLevel = 3

  init(
    _ path: String, shapes: String?, tuning: Double, threads: Int, _ importing: ImportOptions
  ) throws {
    graph = try Compiler.importModel(path, options: importing).graph
    let built = try Models.build(graph, threads: threads)
    plan = built.engine.plan
    report = built.report
    var flags = BenchFlags()
    flags.shapes = shapes
    flags.loadInputs = []
    flags.useProfile = 0
    var log = Log()
    log.isQuiet = true
    guard built.engine.inputTypes.allSatisfy(\.isTensor) else {
      throw ApusError(
        .unsupported, "inputs that are sequences, optionals or maps cannot be made up",
        location: path, hint: "apus run \(path) --inputs DIR takes them from files")
    }
    let tensors = try BenchmarkInputs(built.engine, flags, log).values
    inputs = Array(zip(built.engine.inputs.map(\.name), tensors))
    let feeds = Dictionary(inputs.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
    let options = SessionOptions(importing.limits)
    let session = built.engine.makeSession(options)
    let results = try Self.boundary(path) { () throws(RuntimeError) in try session.run(feeds) }
    arenaBytes = session.arenaByteCount
    untuned = try Self.time(session, feeds, path)
    if tuning > 0 {
      var building = BuildOptions()
      building.threads = threads
      building.level = Self.tuningLevel
      building.tuningSeconds = tuning
      building.profiles = [
        Profile(
          inputs: Dictionary(
            inputs.map { name, tensor in
              let shape = tensor.shape
              return (name, .init(minimum: shape, optimum: shape, maximum: shape))
            }, uniquingKeysWith: { $1 }))
      ]
      let better = try Models.build(graph, building)
      tuned = try Self.time(better.engine.makeSession(options), feeds, path)
      tuningSeconds = better.report.milliseconds / 1000
      untimedRegions = better.report.untimed
      rejected = better.report.rejected.map(\.description)
    }
    agreement = try Self.compare(graph, feeds, results, path, importing.limits)
  }

  private static func boundary<Result>(
    _ path: String, _ step: () throws(RuntimeError) -> Result
  ) throws(ApusError) -> Result {
    do { return try step() } catch { throw Models.boundary(error, path) }
  }

  /// The median of up to a hundred runs in at most two seconds.
  private static func time(
    _ session: Session, _ feeds: [String: HostTensor], _ path: String
  ) throws(ApusError) -> Timing {
    let start = apus_clock_monotonic()
    var times: [UInt64] = []
    // The first run also prepares.
    _ = try boundary(path) { () throws(RuntimeError) in try session.run(feeds) }
    repeat {
      let before = apus_clock_monotonic()
      _ = try boundary(path) { () throws(RuntimeError) in try session.run(feeds) }
      times.append(apus_clock_monotonic() - before)
    } while times.count < 100 && apus_clock_monotonic() - start < 2_000_000_000
    times.sort()
    return Timing(milliseconds: Double(times[times.count / 2]) / 1e6, runs: times.count)
  }

  private static func compare(
    _ graph: Graph, _ feeds: [String: HostTensor], _ results: [String: HostTensor],
    _ path: String, _ limits: ResourceLimits
  ) throws(ApusError) -> Comparing {
    let bound = graph.inputs.compactMap { input -> SymbolBindings.Input? in
      let name = graph[input].name
      return feeds[name].map {
        SymbolBindings.Input(name: name, type: graph.type(input), shape: $0.shape)
      }
    }
    let symbols = (try? SymbolBindings.bind(bound)) ?? [:]
    guard let cost = EvaluationCost.of(graph, symbols) else {
      return .skipped("how long the reference takes does not follow from shapes")
    }
    guard cost <= referenceLimit else {
      return .skipped(
        "the naive reference would take about \(cost / 1_000_000_000) billion operations")
    }
    let expected: [String: HostTensor]
    do throws(EvaluationFailure) {
      expected = try ReferenceEvaluator(graph).run(named: feeds, EvaluationContext(limits))
    } catch { throw Models.boundary(error, path) }
    return .compared(
      graph.outputs.compactMap { output in
        guard let want = expected[output.name], let have = results[output.name] else { return nil }
        let comparison = Comparison(
          found: have, expected: want, tolerance: .scaled(relative: 1e-3, absolute: 1e-6))
        return Agreement(
          name: output.name, agrees: comparison.agrees, description: "\(comparison)")
      })
  }
}
