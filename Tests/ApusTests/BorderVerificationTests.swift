import ApusBuilder
import ApusCPU
import ApusEngine
import ApusIR
import ApusRuntime
import ApusTensor
import Testing

/// Convolutions that are wrong where their windows reach over padding are rejected.
@Suite("Verification at borders")
struct BorderVerificationTests {
  /// A right convolution with one side of its images made wrong.
  struct WrongAtBorder: TacticSource {
    let name = "wrong"
    /// 0 top, 1 bottom, 2 left, 3 right.
    let side: UInt32
    /// Images of fewer rows are right.
    var fromRows = 0

    func tactics(for region: Region) -> [Tactic] {
      ConvolutionTactics().tactics(for: region).isEmpty
        ? [] : [Tactic(source: name, name: "wrong.border")]
    }

    private func right(_ tactic: Tactic, _ region: Region) throws(TacticError) -> Tactic {
      guard let right = ConvolutionTactics().tactics(for: region).last else {
        throw .unknown(tactic)
      }
      return right
    }

    func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] {
      try ConvolutionTactics().pack(try right(tactic, region), region)
    }

    func instantiate(
      _ tactic: Tactic, _ instance: inout RegionInstance
    ) throws(TacticError) {
      try ConvolutionTactics().instantiate(try right(tactic, instance.region), &instance)
      let shape = instance.shape(result: 0)
      guard shape.count == 4 else { throw .unknown(tactic) }
      guard shape[2] >= fromRows else { return }
      let block = ArgumentBlock()
      block.store(
        BorderDamage(
          slot: instance.slot(result: 0), images: UInt32(shape[0] * shape[1]),
          rows: UInt32(shape[2]), columns: UInt32(shape[3]), side: side))
      instance.append(KernelStep(run: damageBorder, arguments: block, chunks: 1))
    }
  }

  private func graph(
    _ image: [Extent], channels: Int, filters: Int, kernel: Int, pads: [Int]
  ) throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, .ranked(image)))
    let shape = [filters, channels, kernel, kernel]
    let count = shape.reduce(1, *)
    let weights = (0..<count).map { Double($0 % 19) / 19 - 0.5 }
    let w = graph.addWeight("w", try HostTensor(.float32, shape: shape, .real(weights)))
    var convolution = Convolution()
    convolution.pads = pads
    graph.addOutput("y", try graph.append(convolution, [x, w], name: "conv")[0])
    return graph
  }

  private func build(
    _ graph: Graph, _ sources: [any TacticSource]
  ) throws -> (plan: Plan, report: BuildReport) {
    var options = BuildOptions()
    options.level = 1
    options.threads = 1
    options.averageTiming = 1
    return try PlanBuilder(sources: sources, options: options, machine: "test").build(graph)
  }

  /// A result verified in full, one by samples.
  @Test("Each side is looked at", arguments: [14, 96], 0..<4)
  func sides(size: Int, side: Int) throws {
    let channels = size > 50 ? 40 : 3
    let graph = try graph(
      [1, .fixed(channels), .fixed(size), .fixed(size)], channels: channels, filters: channels,
      kernel: 3, pads: [1, 1, 1, 1])
    let (plan, report) = try build(
      graph, [WrongAtBorder(side: UInt32(side)), ConvolutionTactics()])
    #expect(report.rejected.map(\.tactic) == ["wrong.border"])
    let coordinates = try #require(report.rejected.first?.coordinates)
    #expect(coordinates[side < 2 ? 2 : 3] == (side % 2 == 0 ? 0 : size - 1))
    #expect(plan.tactics.values.allSatisfy { $0.source == "cpu.convolution" })
    if size > 50 {
      #expect(
        report.regions.map(\.verification) == [.samples(1024, of: channels * size * size)])
    }
  }

  /// The only window lies on padding.
  @Test("Pixels with padding before them are looked at")
  func pixels() throws {
    let graph = try graph(
      [1, 5, 1, 1], channels: 5, filters: 3, kernel: 1, pads: [1, 0, 0, 0])
    let (_, report) = try build(graph, [WrongAtBorder(side: 1), ConvolutionTactics()])
    #expect(report.rejected.map(\.tactic) == ["wrong.border"])
  }

  /// Without a profile symbols are 1, where a larger image's borders cannot be seen.
  @Test("Symbols that are 1 are verified larger, too")
  func symbols() throws {
    let graph = try graph(
      [.symbol("n"), 3, .symbol("h"), .symbol("w")], channels: 3, filters: 4, kernel: 3,
      pads: [1, 1, 1, 1])
    let (plan, report) = try build(graph, [WrongAtBorder(side: 0, fromRows: 2)])
    #expect(report.rejected.map(\.tactic) == ["wrong.border"])
    #expect(plan.tactics.isEmpty)
  }

  /// Two convolutions look alike where symbols are 1, but one of them alone is a product of pixels.
  @Test("What sources offer decides which regions share a tactic", arguments: [0, 1])
  func kinds(level: Int) throws {
    var graph = Graph(name: "g")
    let pixel = graph.addInput("p", TensorType(.float32, fixed: [1, 3, 1, 1]))
    let image = graph.addInput(
      "x", TensorType(.float32, .ranked([.symbol("n"), 3, .symbol("h"), .symbol("w")])))
    let weights = try HostTensor(.float32, shape: [2, 3, 1, 1], .real([1, 2, 3, 4, 5, 6]))
    let w = graph.addWeight("w", weights)
    graph.addOutput("a", try graph.append(Convolution(), [pixel, w], name: "first")[0])
    graph.addOutput("b", try graph.append(Convolution(), [image, w], name: "second")[0])
    var options = BuildOptions()
    options.level = level
    options.threads = 1
    options.averageTiming = 1
    let sources: [any TacticSource] = [ConvolutionTactics()]
    let plan = try PlanBuilder(sources: sources, options: options, machine: "test").build(graph)
      .plan
    let session = Engine(plan: plan, sources: sources, pool: ThreadPool(threads: 1)).makeSession()
    func ones(_ shape: [Int]) throws -> HostTensor {
      try HostTensor(
        .float32, shape: shape, .real([Double](repeating: 1, count: shape.reduce(1, *))))
    }
    let outputs = try session.run(ordered: [try ones([1, 3, 1, 1]), try ones([2, 3, 4, 5])])
    #expect(try outputs[0].reals() == [6, 15])
    #expect(outputs[1].shape == [2, 2, 4, 5])
    #expect(try outputs[1].reals().max() == 15)
  }
}
