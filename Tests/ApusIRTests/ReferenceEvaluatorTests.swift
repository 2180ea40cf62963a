import ApusLoops
import ApusTensor
import Synchronization
import Testing

@testable import ApusIR

@Suite struct ReferenceEvaluatorTests {
  private let batch = Extent.symbol("batch")

  private func tensor(_ values: [Double], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.float32, shape: shape, .real(values))
  }

  /// relu(x + w), flattened by arithmetic on x's shape.
  private func example() throws -> Graph {
    var graph = Graph(name: "example")
    let x = graph.addInput("x", TensorType(.float32, [batch, 2]))
    let w = graph.addWeight("w", try tensor([1, -1], [2]))
    let sum = try graph.append(Binary(.add), [x, w], name: "sum")[0]
    let relu = try graph.append(Unary(.relu), [sum], name: "relu")[0]
    let shape = try graph.append(Extents([batch * 2]), [], name: "shape")[0]
    let flat = try graph.append(Reshape(), [relu, shape], name: "flat")[0]
    graph.addOutput("y", flat)
    graph.addOutput("s", sum)
    return graph
  }

  @Test func runs() throws {
    let evaluator = ReferenceEvaluator(try example())
    let outputs = try evaluator.run([tensor([0, 0, -5, 5], [2, 2])])
    #expect(outputs.map(\.shape) == [[4], [2, 2]])
    #expect(try outputs[0].reals() == [1, 0, 0, 4])
    let named = try evaluator.run(named: ["x": tensor([1, 2], [1, 2])])
    #expect(try named["y"]?.reals() == [2, 1])
  }

  @Test func observesEveryNode() throws {
    var names: [String] = []
    _ = try ReferenceEvaluator(try example()).run(
      [tensor([1, 2], [1, 2])],
      observer: { node, results in
        names.append("\(node.name) \(results[0].shape)")
      })
    #expect(names == ["sum [1, 2]", "relu [1, 2]", "shape [1]", "flat [2]"])
  }

  @Test func cancels() throws {
    let evaluator = ReferenceEvaluator(try example())
    let count = Mutex(0)
    var context = EvaluationContext()
    context.isCancelled = { count.withLock { $0 == 2 } }
    #expect(throws: EvaluationFailure.cancelled) {
      try evaluator.run([tensor([1, 2], [1, 2])], context) { _, _ in count.withLock { $0 += 1 } }
    }
    #expect(count.withLock { $0 } == 2)
  }

  @Test func inputErrors() throws {
    let evaluator = ReferenceEvaluator(try example())
    #expect(throws: EvaluationFailure.missingInput("x")) { try evaluator.run(named: [:]) }
    #expect(throws: EvaluationFailure.unknownInput("z", known: ["x"])) {
      try evaluator.run(named: ["z": tensor([1], [1])])
    }
    #expect(
      throws: EvaluationFailure.inputElement("x", expected: .float32, found: .int64)
    ) {
      try evaluator.run([try .vector([1, 2])])
    }
    #expect(throws: EvaluationFailure.binding(.inputCount(expected: 1, found: 0))) {
      try evaluator.run([])
    }
    #expect(throws: EvaluationFailure.self) { try evaluator.run([tensor([1, 2, 3], [1, 3])]) }
  }

  @Test func nodeErrors() throws {
    var graph = Graph(name: "broken")
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let index = graph.addWeight("index", try .vector([3]))
    let result = try graph.append(Gather(axis: 0), [x, index], name: "pick")[0]
    graph.addOutput("y", result)
    do {
      _ = try ReferenceEvaluator(graph).run([tensor([1, 2], [2])])
      Issue.record("no error")
    } catch {
      #expect(
        "\(error)" == "node 'pick' (gather): operand 'indices' holds index 3, valid are -2 to 1")
    }
  }

  @Test func memoryLimit() throws {
    var graph = Graph(name: "large")
    let x = graph.addInput("x", TensorType(.float32, [1]))
    let shape = graph.addWeight("shape", try .vector([1 << 40]))
    graph.addOutput("y", try graph.append(Expand(), [x, shape], name: "grow")[0])
    #expect(throws: EvaluationFailure.self) {
      try ReferenceEvaluator(graph).run([tensor([1], [1])])
    }
    graph = Graph(name: "loop")
    let start = graph.addWeight("start", try HostTensor(.int64, shape: [], .signed([0])))
    let limit = graph.addWeight("limit", try HostTensor(.int64, shape: [], .signed([.max])))
    let delta = graph.addWeight("delta", try HostTensor(.int64, shape: [], .signed([1])))
    graph.addOutput("y", try graph.append(NumericRange(), [start, limit, delta])[0])
    #expect(throws: EvaluationFailure.self) { try ReferenceEvaluator(graph).run([]) }
  }

  @Test func outputsThatAreInputsOrWeights() throws {
    var graph = Graph(name: "through")
    let x = graph.addInput("x", TensorType(.float32, [batch]))
    graph.addOutput("x", x)
    graph.addOutput("w", graph.addWeight("w", try tensor([3], [1])))
    let outputs = try ReferenceEvaluator(graph).run([tensor([1, 2], [2])])
    #expect(try outputs.map { try $0.reals() } == [[1, 2], [3]])
  }
}
