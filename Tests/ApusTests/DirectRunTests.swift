import Apus
import ApusBuilder
import ApusIR
import ApusLoops
import ApusTensor
import Testing

@testable import ApusRuntime

/// Runs of the shapes of the run before, which go a shorter way: they must give what the long way gives.
@Suite struct DirectRunTests {
  /// Three outputs: a product, the input as it is, and its negative.
  private func session() throws -> Session {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 4]))
    let w = graph.addWeight(
      "w", try HostTensor(.float32, shape: [4, 4], .real((0..<16).map(Double.init))))
    graph.addOutput("product", try graph.append(MatMul(), [x, w], name: "product")[0])
    graph.addOutput("same", x)
    return try Compiler.build(graph, BuildOptions()).engine.makeSession()
  }

  private func input(_ rows: Int, _ first: Int) throws -> HostTensor {
    try HostTensor(
      .float32, shape: [rows, 4], .real((0..<(rows * 4)).map { Double(($0 + first) % 7) }))
  }

  private func reals(_ tensor: HostTensor) throws -> [Double] {
    guard case .real(let values) = try tensor.elements() else { return [] }
    return values
  }

  @Test func equalsTheFirstRunOfASession() throws {
    let session = try session()
    // Shapes come back, so that the long and the short way take turns.
    for (run, rows) in [1, 1, 1, 3, 3, 1, 1, 3, 1, 3, 3].enumerated() {
      let given = try input(rows, run)
      let found = try session.run(ordered: [given])
      let expected = try self.session().run(ordered: [given])
      #expect(found.map(\.shape) == expected.map(\.shape))
      for (one, other) in zip(found, expected) { #expect(try reals(one) == reals(other)) }
    }
    #expect(session.direct != nil)
  }

  @Test func outputsOfEarlierRunsStayAsTheyAre() throws {
    let session = try session()
    _ = try session.run(ordered: [input(2, 0)])
    let first = try session.run(ordered: [input(2, 1)])
    let kept = try first.map(reals)
    _ = try session.run(ordered: [input(2, 5)])
    #expect(try first.map(reals) == kept)
  }

  @Test func aViewOfAnInputSharesMemoryThatNobodyChanges() throws {
    let session = try session()
    _ = try session.run(ordered: [input(2, 0)])
    let own = try input(2, 3)
    let shared = try session.run(ordered: [own])[1]
    guard case .dense(let given, byteOffset: _) = own.content,
      case .dense(let found, byteOffset: _) = shared.content
    else {
      Issue.record("not dense")
      return
    }
    #expect(given === found)
    // What is lent for writing may change after the run.
    let lent = try HostTensor(
      .float32, shape: [2, 4],
      storage: .borrowing(mutable: given.address, byteCount: given.byteCount, owner: given))
    guard case .dense(let copy, byteOffset: _) = try session.run(ordered: [lent])[1].content else {
      Issue.record("not dense")
      return
    }
    #expect(unsafe copy.address != given.address)
  }

  @Test func wrongInputsAreExplainedAfterIt() throws {
    let session = try session()
    _ = try session.run(ordered: [input(2, 0)])
    _ = try session.run(ordered: [input(2, 0)])
    let integers = try HostTensor(zeros: .int32, shape: [2, 4])
    #expect(throws: RuntimeError.self) { try session.run(ordered: [integers]) }
    #expect(throws: RuntimeError.self) { try session.run(ordered: []) }
    let narrow = try HostTensor(zeros: .float32, shape: [2, 3])
    #expect(throws: RuntimeError.self) { try session.run(ordered: [narrow]) }
    session.cancellation.cancel()
    #expect(throws: RuntimeError.self) { try session.run(ordered: [input(2, 0)]) }
    session.cancellation.reset()
    #expect(try session.run(ordered: [input(2, 0)]).count == 2)
  }

  @Test func timesAreCountedOnItAsWell() throws {
    let session = try session()
    for _ in 0..<2 { _ = try session.run(ordered: [input(2, 0)]) }
    var options = Session.RunOptions()
    options.isProfiled = true
    _ = try session.run(ordered: [input(2, 0)], options)
    #expect(!session.profile.samples.isEmpty)
    var seen = 0
    var observing = Session.RunOptions()
    observing.observer = { _, _ in seen += 1 }
    _ = try session.run(ordered: [input(2, 0)], observing)
    #expect(seen > 0)
  }
}
