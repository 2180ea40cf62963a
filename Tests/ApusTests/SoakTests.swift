import Apus
import ApusBuilder
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import Foundation
import Testing

/// Many sessions for a long time: the same bits as alone, and no more memory than at the start.
@Suite struct SoakTests {
  /// In a process of its own, whose memory no other test moves.
  @Test func tenThousandRunsOfManySessions() async {
    await #expect(processExitsWith: .success) { try await Soak.run() }
  }
}

private enum Soak {
  static let rows = [1, 7, 32, 3, 65, 16]

  static func run() async throws {
    var options = BuildOptions()
    options.threads = 2
    let engine = try Compiler.build(graph(), options).engine
    let inputs = try rows.map { try input($0) }
    let serial = try inputs.map { try outputs(engine.makeSession(), $0) }
    try await round(engine, inputs, serial, runs: 60)
    let before = residentBytes()
    for _ in 0..<4 { try await round(engine, inputs, serial, runs: 156) }
    let growth = residentBytes() - before
    // 16 sessions of a few hundred KiB each come and go in every round.
    precondition(growth < 24 << 20, "resident memory grew by \(growth) bytes")
  }

  /// 8 threads with a session each, then 8 sessions of one thread in turn; shapes in mixed order.
  private static func round(
    _ engine: Engine, _ inputs: [[String: HostTensor]], _ serial: [[[UInt8]]], runs: Int
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for stream in 0..<8 {
        group.addTask {
          let session = engine.makeSession()
          for run in 0..<runs {
            let index = (run &* 5 &+ stream) % inputs.count
            let found = try outputs(session, inputs[index])
            precondition(found == serial[index], "thread \(stream), run \(run) differs")
          }
        }
      }
      try await group.waitForAll()
    }
    let sessions = (0..<8).map { _ in engine.makeSession() }
    for run in 0..<(8 * runs) {
      let index = (run &* 7 &+ run / 8) % inputs.count
      let found = try outputs(sessions[run % 8], inputs[index])
      precondition(found == serial[index], "session \(run % 8), run \(run) differs")
    }
  }

  private static func outputs(
    _ session: Session, _ inputs: [String: HostTensor]
  ) throws -> [[UInt8]] {
    let found = try session.run(inputs)
    return found.sorted { $0.key < $1.key }.map(\.value.packedBytes)
  }

  /// Products, a softmax, a fused program, and an output whose shape follows from the data.
  private static func graph() throws -> Graph {
    var graph = Graph(name: "soak")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 32]))
    let shape = graph.addInput("shape", TensorType(.int64, [2]))
    let weights = (0..<(32 * 48)).map { Double($0 % 29) / 29 - 0.5 }
    let w = graph.addWeight("w", try HostTensor(.float32, shape: [32, 48], .real(weights)))
    let product = try graph.append(MatMul(), [x, w], name: "product")[0]
    let active = try graph.append(Unary(.tanh), [product], name: "tanh")[0]
    graph.addOutput("y", try graph.append(Softmax(), [active], name: "softmax")[0])
    let reshaped = try graph.append(Reshape(), [active, shape], name: "reshape")[0]
    graph.addOutput("z", try graph.append(Unary(.exp), [reshaped], name: "exp")[0])
    return graph
  }

  private static func input(_ rows: Int) throws -> [String: HostTensor] {
    let values = (0..<(rows * 32)).map { Double(($0 &* 31) % 23) / 23 - 0.5 }
    return [
      "x": try HostTensor(.float32, shape: [rows, 32], .real(values)),
      "shape": try .vector([rows % 2 == 0 ? 2 : 3, -1]),
    ]
  }

  private static func residentBytes() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return 0
    }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
