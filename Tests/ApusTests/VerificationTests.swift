import Apus
import ApusBuilder
import ApusCPU
import ApusEngine
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

/// Tactics that compute wrongly are rejected by name, at any size of region.
@Suite struct VerificationTests {
  /// A right product with the elements of one tile edge doubled after it, as a kernel's remainder
  /// handling might get them wrong.
  struct WrongAtEdges: TacticSource {
    let name = "wrong"
    /// Rows from here to the next multiple of `tile` are wrong in the last column.
    let tile: Int

    func tactics(for region: Region) -> [Tactic] {
      region.operation is MatMul && !GemmTactics().tactics(for: region).isEmpty
        ? [Tactic(source: name, name: "wrong.edges")] : []
    }

    func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] {
      guard let right = GemmTactics().tactics(for: region).first else { throw .unknown(tactic) }
      return try GemmTactics().pack(right, region)
    }

    func instantiate(
      _ tactic: Tactic, _ instance: inout RegionInstance
    ) throws(TacticError) {
      guard let right = GemmTactics().tactics(for: instance.region).first else {
        throw .unknown(tactic)
      }
      try GemmTactics().instantiate(right, &instance)
      let shape = instance.shape(result: 0)
      guard let rows = shape.first, let columns = shape.last else { throw .unknown(tactic) }
      let block = ArgumentBlock()
      block.store(
        EdgeDamage(
          slot: instance.slot(result: 0), rows: UInt32(rows), columns: UInt32(columns),
          tile: UInt32(tile)))
      instance.append(KernelStep(run: damageEdges, arguments: block, chunks: 1))
    }
  }

  /// x · w + b through ReLU, x being [rows, depth].
  private func graph(rows: Int, depth: Int, columns: Int) throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, fixed: [rows, depth]))
    let weights = (0..<(depth * columns)).map { Double($0 % 19) / 19 - 0.5 }
    let w = graph.addWeight("w", try HostTensor(.float32, shape: [depth, columns], .real(weights)))
    let bias = (0..<columns).map { Double($0 % 7) / 7 }
    let b = graph.addWeight("b", try HostTensor(.float32, shape: [columns], .real(bias)))
    let product = try graph.append(MatMul(), [x, w], name: "product")[0]
    let sum = try graph.append(Binary(.add), [product, b], name: "bias")[0]
    graph.addOutput("y", try graph.append(Unary(.relu), [sum], name: "relu")[0])
    return graph
  }

  private func build(
    _ graph: Graph, _ sources: [any TacticSource], level: Int = 1
  ) throws -> (plan: Plan, report: BuildReport) {
    var options = BuildOptions()
    options.level = level
    options.threads = 1
    options.averageTiming = 1
    return try PlanBuilder(sources: sources, options: options, machine: "test").build(graph)
  }

  /// A product of weights that is too large for the naive evaluation, times x.
  @Test func largeProductsOfWeightsFoldByTacticsThatPass() throws {
    let (rows, depth, columns) = (257, 640, 641)
    func weight(_ shape: [Int]) throws -> HostTensor {
      let values = (0..<(shape[0] * shape[1])).map { Double($0 % 19) / 19 - 0.5 }
      return try HostTensor(.float32, shape: shape, .real(values))
    }
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, fixed: [2, rows]))
    let a = graph.addWeight("a", try weight([rows, depth]))
    let b = graph.addWeight("b", try weight([depth, columns]))
    let product = try graph.append(MatMul(), [a, b], name: "product")[0]
    graph.addOutput("y", try graph.append(MatMul(), [x, product], name: "result")[0])
    for sources: [any TacticSource] in [
      [GemmTactics()], [WrongAtEdges(tile: 6), GemmTactics()], [WrongAtEdges(tile: 6)],
    ] {
      let plan = try build(graph, sources).plan
      let folds = sources.contains { $0 is GemmTactics }
      #expect(plan.graph.order.count == (folds ? 1 : 2))
      let inputs = [
        try HostTensor(
          .float32, shape: [2, rows],
          .real(
            (0..<(2 * rows)).map { Double($0 % 5) }))
      ]
      let found = try ReferenceEvaluator(plan.graph).run(inputs)[0].reals()
      let wanted = try ReferenceEvaluator(graph).run(inputs)[0].reals()
      #expect(zip(found, wanted).allSatisfy { ($0 - $1).magnitude <= 1e-4 * max($1.magnitude, 1) })
    }
  }

  /// A product within the naive evaluation's budget, and one beyond it.
  @Test(arguments: [(13, 32, 21), (257, 640, 515)])
  func wrongTileEdgesAreRejected(rows: Int, depth: Int, columns: Int) throws {
    let sources: [any TacticSource] = [WrongAtEdges(tile: 6), GemmTactics(), ElementwiseTactics()]
    let (plan, report) = try build(graph(rows: rows, depth: depth, columns: columns), sources)
    let rejected = try #require(report.rejected.first)
    #expect(report.rejected.count == 1)
    #expect(rejected.tactic == "wrong.edges")
    #expect(rejected.operation == "matmul")
    #expect(rejected.node == "product+bias+relu")
    let coordinates = try #require(rejected.coordinates)
    #expect(coordinates[1] == columns - 1)
    #expect(coordinates[0] % 6 == 5)
    #expect(rejected.description.contains("element \(coordinates) is "))
    #expect(plan.tactics.values.contains { $0.source == "cpu.gemm" })
    #expect(!plan.tactics.values.contains { $0.source == "wrong" })
    let region = try #require(report.regions.first { $0.operation == "matmul" })
    if rows * depth * columns > 60_000_000 {
      #expect(region.verification == .samples(1024, of: rows * columns))
    } else {
      #expect(region.verification == .full(elements: rows * columns))
    }
  }

  @Test func withoutARightTacticTheDefinitionRuns() throws {
    let (plan, report) = try build(graph(rows: 13, depth: 8, columns: 5), [WrongAtEdges(tile: 4)])
    #expect(plan.tactics.isEmpty)
    #expect(report.regions.first?.verification == .reference)
  }

  @Test func levelZeroSaysThatItVerifiesNothing() throws {
    let graph = try graph(rows: 13, depth: 8, columns: 5)
    let (plan, report) = try build(graph, [WrongAtEdges(tile: 4)], level: 0)
    #expect(plan.tactics.values.map(\.name) == ["wrong.edges"])
    #expect(report.level == 0)
    #expect(report.regions.allSatisfy { !$0.verification.isVerified })
  }

  /// Two products of one signature are verified once.
  @Test func onceForEachSignature() throws {
    var graph = Graph(name: "twice")
    var x = graph.addInput("x", TensorType(.float32, fixed: [9, 16]))
    for index in 0..<3 {
      let weights = (0..<256).map { Double(($0 + index) % 19) / 19 - 0.5 }
      let w = graph.addWeight(
        "w\(index)", try HostTensor(.float32, shape: [16, 16], .real(weights)))
      x = try graph.append(MatMul(), [x, w], name: "product\(index)")[0]
    }
    graph.addOutput("y", x)
    let (_, report) = try build(graph, [WrongAtEdges(tile: 4), GemmTactics()])
    #expect(report.rejected.map(\.node) == ["product0"])
    #expect(report.regions.map(\.uses) == [3])
  }

  /// A timing cache saves timing, not verification.
  @Test func cachedTimesDoNotVouchForATactic() throws {
    let folder = try TemporaryFolder()
    var options = BuildOptions()
    options.level = 1
    options.threads = 1
    options.timingCachePath = folder.file("timings.txt")
    let graph = try graph(rows: 13, depth: 8, columns: 5)
    func tactics(_ sources: [any TacticSource]) throws -> [String] {
      try PlanBuilder(sources: sources, options: options, machine: "test").build(graph)
        .plan.tactics.values.map(\.source)
    }
    // A tile beyond the rows damages nothing: the tactic passes and its time is kept.
    #expect(try tactics([WrongAtEdges(tile: 100)]) == ["wrong"])
    #expect(try tactics([WrongAtEdges(tile: 4)]) == [])
  }
}
