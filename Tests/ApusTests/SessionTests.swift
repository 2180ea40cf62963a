import Apus
import ApusBuilder
import ApusCPU
import ApusEngine
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import Foundation
import Testing

/// Sessions: shapes, threads, limits, data-dependent shapes.
@Suite struct SessionTests {
  private func graph() throws -> Graph {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 64]))
    let w = graph.addWeight(
      "w",
      try HostTensor(.float32, shape: [64, 96], .real((0..<6144).map { Double($0 % 29) / 29 })))
    let product = try graph.append(MatMul(), [x, w], name: "product")[0]
    graph.addOutput("y", try graph.append(Softmax(), [product], name: "softmax")[0])
    return graph
  }

  private func input(_ rows: Int) throws -> HostTensor {
    try HostTensor(
      .float32, shape: [rows, 64], .real((0..<(rows * 64)).map { Double($0 % 13) / 13 - 0.5 }))
  }

  private func engine(threads: Int) throws -> Engine {
    var options = BuildOptions()
    options.threads = threads
    return try Compiler.build(graph(), options).engine
  }

  @Test func sameBitsForAnyThreadCount() throws {
    let expected = try engine(threads: 1).makeSession().run(["x": input(200)])["y"]?.packedBytes
    for threads in [2, 3, 8] {
      let found = try engine(threads: threads).makeSession().run(["x": input(200)])["y"]
      #expect(found?.packedBytes == expected)
    }
  }

  @Test func manySessionsAtOnceEqualSerialRuns() async throws {
    let engine = try engine(threads: 2)
    let sizes = [1, 7, 32, 65]
    let serial = try sizes.map { try engine.makeSession().run(["x": input($0)])["y"]?.packedBytes }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for stream in 0..<8 {
        group.addTask {
          let session = engine.makeSession()
          for run in 0..<50 {
            let index = (run + stream) % sizes.count
            let found = try session.run(["x": input(sizes[index])])["y"]?.packedBytes
            if found != serial[index] { return false }
          }
          return true
        }
      }
      for try await agrees in group { #expect(agrees) }
    }
  }

  @Test func wrongInputsAreExplained() throws {
    let session = try engine(threads: 1).makeSession()
    func message(_ inputs: [String: HostTensor]) -> String {
      do {
        _ = try session.run(inputs)
        return ""
      } catch { return error.description }
    }
    #expect(message([:]) == "input 'x' (f32[n, 64]) is missing")
    #expect(try message(["z": input(1)]) == "there is no input 'z'; the inputs are x")
    let integers = try HostTensor(zeros: .int64, shape: [1, 64])
    #expect(message(["x": integers]) == "input 'x' is i64[1, 64], expected f32[n, 64]")
    let narrow = try HostTensor(zeros: .float32, shape: [1, 63])
    #expect(message(["x": narrow]).contains("x"))
  }

  @Test func memoryLimitAndCancellation() throws {
    let engine = try engine(threads: 1)
    var limits = ResourceLimits()
    limits.memory = 128
    let small = engine.makeSession(SessionOptions(limits))
    #expect(throws: RuntimeError.self) { try small.run(["x": input(100)]) }
    let session = engine.makeSession()
    session.cancellation.cancel()
    #expect(throws: RuntimeError.self) { try session.run(["x": input(1)]) }
    session.cancellation.reset()
    _ = try session.run(["x": input(1)])
  }

  @Test func shapesThatFollowFromData() throws {
    var graph = Graph(name: "range")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n")]))
    let shape = graph.addInput("shape", TensorType(.int64, [2]))
    let reshaped = try graph.append(Reshape(), [x, shape], name: "reshape")[0]
    graph.addOutput("y", try graph.append(Unary(.negate), [reshaped], name: "negate")[0])
    let session = try Compiler.build(graph).engine.makeSession()
    let values = try HostTensor(.float32, shape: [6], .real([1, 2, 3, 4, 5, 6]))
    for dimensions in [[2, 3], [3, -1], [2, 3], [6, 1]] {
      let found = try session.run(["x": values, "shape": .vector(dimensions)])["y"]
      #expect(found?.shape == dimensions.map { $0 < 0 ? 2 : $0 })
      #expect(try found?.reals() == [-1, -2, -3, -4, -5, -6])
    }
  }

  /// A sequence holds what lay in memory that has moved since; the sizes make stale reads fatal.
  @Test func containersOutliveTheMemoryOfTheirParts() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n")]))
    let place = graph.addInput("place", TensorType(.int64, []))
    let doubled = try graph.append(Binary(.add), [x, x], name: "doubled")[0]
    let both = try graph.append(SequenceMake(), [doubled, x], name: "both")[0]
    let one = try graph.append(SequenceAt(), [both, place], name: "one")[0]
    let wide = try graph.append(Concat(axis: 0), [one, one, one], name: "wide")[0]
    let sum = try graph.append(Binary(.add), [wide, wide], name: "sum")[0]
    graph.addOutput("y", sum)
    graph.addOutput("one", one)
    let session = try Compiler.build(graph, BuildOptions()).engine.makeSession()
    let count = 1 << 18
    let data = try HostTensor(.float32, shape: [count], .real((0..<count).map { Double($0 % 7) }))
    let found = try session.run([
      "x": data, "place": try HostTensor(.int64, shape: [], .signed([0])),
    ])
    let expected = (0..<count).map { Double($0 % 7) * 2 }
    #expect(try found["one"]?.reals() == expected)
    #expect(try found["y"]?.reals().suffix(3) == expected.suffix(3).map { $0 * 2 }[...])
  }

  @Test func profileAndObserverSeeEveryLaunch() throws {
    let engine = try engine(threads: 1)
    let session = engine.makeSession()
    var options = Session.RunOptions()
    options.isProfiled = true
    var seen: [String] = []
    options.observer = { node, values in seen.append("\(node.name) \(values[0].shape)") }
    _ = try session.run(["x": input(2)], options)
    #expect(seen == ["product [2, 96]", "softmax [2, 96]"])
    #expect(session.profile.samples.count == 2)
  }
}
