import Apus
import ApusBuilder
import ApusCPU
import ApusEngine
import ApusIR
import ApusRuntime
import ApusTensor
import ApusTestSupport
import CApusPlatform
import Foundation
import Testing

/// Several profiles in one plan: each is tuned at its best shapes, kept in the engine file, and taken
/// by the sessions that it fits.
@Suite struct ProfileTests {
  /// Two right tactics, of which the first wastes time on many rows and the second on few.
  struct FastForSome: TacticSource {
    let name = "some"
    static let names = ["few", "many"]

    func tactics(for region: Region) -> [Tactic] {
      guard !GemmTactics().tactics(for: region).isEmpty else { return [] }
      return Self.names.map { Tactic(source: name, name: $0) }
    }

    private func inner(_ region: Region) throws(TacticError) -> Tactic {
      guard let tactic = GemmTactics().tactics(for: region).first else {
        throw .unknown(Tactic(source: name, name: "none"))
      }
      return tactic
    }

    func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] {
      try GemmTactics().pack(inner(region), region)
    }

    func instantiate(
      _ tactic: Tactic, _ instance: inout RegionInstance
    ) throws(TacticError) {
      try GemmTactics().instantiate(inner(instance.region), &instance)
      let isLarge = (instance.shape(result: 0).first ?? 0) > 20
      if isLarge == (tactic.name == "few") {
        instance.append(KernelStep(run: wasteTime, arguments: ArgumentBlock(), chunks: 1))
      }
    }
  }

  private func graph() throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 8]))
    let weights = (0..<(8 * 16)).map { Double($0 % 19) / 19 - 0.5 }
    let w = graph.addWeight("w", try HostTensor(.float32, shape: [8, 16], .real(weights)))
    graph.addOutput("y", try graph.append(MatMul(), [x, w], name: "product")[0])
    return graph
  }

  private func profile(_ minimum: Int, _ optimum: Int, _ maximum: Int) -> Profile {
    Profile(inputs: [
      "x": .init(minimum: [minimum, 8], optimum: [optimum, 8], maximum: [maximum, 8])
    ])
  }

  private func build(_ profiles: [Profile]) throws -> (plan: Plan, report: BuildReport) {
    var options = BuildOptions()
    options.level = 1
    options.threads = 1
    options.averageTiming = 2
    options.profiles = profiles
    return try PlanBuilder(sources: [FastForSome()], options: options, machine: "test")
      .build(graph())
  }

  private func names(_ plan: Plan) -> [String] {
    plan.choices.map { $0.tactics.values.first?.name ?? "none" }
  }

  @Test func eachProfileTakesItsOwnTactic() throws {
    let (plan, report) = try build([profile(1, 1, 8), profile(9, 64, 128), profile(1, 2, 4)])
    #expect(names(plan) == ["few", "many", "few"])
    #expect(report.tactics.map(\.tactic) == ["few", "many"])
    #expect(report.tactics.map(\.profiles) == [[0, 2], [1]])
    #expect(report.regions.count == 3)
  }

  @Test func theEngineFileKeepsThem() throws {
    let (plan, _) = try build([profile(1, 1, 8), profile(9, 64, 128)])
    let folder = try TemporaryFolder()
    let path = folder.file("a.engine")
    try EngineWriter.write(
      .init(source: graph(), plan: plan, target: "test", producer: "test"), to: path)
    let read = try EngineReader(path: path).contents.plan
    #expect(names(read) == ["few", "many"])
    #expect(read.profiles == plan.profiles)
    #expect(read.choices.map(\.packed.count) == [1, 1])
    let engine = Engine(plan: read, sources: [FastForSome()], pool: ThreadPool(threads: 1))
    for rows in [1, 64] {
      let x = try input(rows)
      let expected = try ReferenceEvaluator(graph()).run([x])[0].reals()
      for profile in [nil, 0, 1] {
        let session = engine.makeSession(SessionOptions(profile: profile))
        let found = try session.run(ordered: [x])[0].reals()
        #expect(zip(found, expected).allSatisfy { ($0 - $1).magnitude < 1e-4 })
      }
    }
  }

  private func input(_ rows: Int) throws -> HostTensor {
    try HostTensor(
      .float32, shape: [rows, 8], .real((0..<(rows * 8)).map { Double($0 % 13) / 13 - 0.5 }))
  }

  @Test(arguments: [
    // rows, the profile taken
    (1, 0), (8, 0),  // inside the first
    (60, 1), (128, 1),  // inside the second
    (100_000, 1), (0, 0),  // outside both, nearer to one
    (20, 2), (16, 2),  // inside two, nearer to one's optimum
  ])
  func shapesChooseTheProfile(rows: Int, expected: Int) throws {
    let (plan, _) = try build([profile(1, 1, 8), profile(9, 64, 128), profile(9, 16, 24)])
    #expect(plan.profile(for: [[rows, 8]]) == expected)
    let engine = Engine(plan: plan, sources: [FastForSome()], pool: ThreadPool(threads: 1))
    #expect(try engine.makeSession().profile(for: [[rows, 8]]) == expected)
    let fixed = engine.makeSession(SessionOptions(profile: 1))
    #expect(try fixed.profile(for: [[rows, 8]]) == 1)
  }

  @Test func aProfileThatIsNotThereIsRefused() throws {
    let (plan, _) = try build([profile(1, 1, 8)])
    let engine = Engine(plan: plan, sources: [FastForSome()], pool: ThreadPool(threads: 1))
    for index in [1, -1] {
      let session = engine.makeSession(SessionOptions(profile: index))
      let error = #expect(throws: RuntimeError.self) { try session.run(ordered: [input(1)]) }
      #expect(
        error?.description == "there is no optimisation profile \(index); the engine has 1")
    }
  }
}
