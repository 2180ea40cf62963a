import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct PatchTests {
  /// x → relu → negate → output "y".
  private func example() throws -> (graph: Graph, x: ValueID, relu: ValueID, y: ValueID) {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 4]))
    let relu = try graph.append(Unary(.relu), [x], name: "relu", resultNames: ["r"])[0]
    let y = try graph.append(Unary(.negate), [relu], name: "negate", resultNames: ["y"])[0]
    graph.addOutput("y", y)
    return (graph, x, relu, y)
  }

  @Test func replacesUsesBeforeTheAnchor() throws {
    var (graph, x, relu, _) = try example()
    let anchor = graph.order[1]
    var patch = Patch(label: "test", anchor: anchor)
    let new = patch.add(Unary(.tanh), [.value(x)], name: "tanh")
    patch.replace(relu, with: new)
    try graph.apply(patch)
    #expect(graph.nodes.map(\.name) == ["relu", "tanh", "negate"])
    let tanh = try #require(graph.nodes.first { $0.name == "tanh" })
    #expect(graph[anchor].operands == [tanh.results[0]])
    #expect(graph[tanh.results[0]].name == "r")
    #expect(graph.removeDeadNodes() == 1)
    #expect(graph.nodes.map(\.name) == ["tanh", "negate"])
  }

  @Test func replacesOutputs() throws {
    var (graph, _, relu, y) = try example()
    var patch = Patch(label: "test", anchor: graph.order[1])
    patch.replace(y, with: .value(relu))
    try graph.apply(patch)
    #expect(graph.outputs == [Graph.Output(name: "y", value: relu)])
    #expect(graph.removeDeadNodes() == 1)
    #expect(graph.nodes.map(\.name) == ["relu"])
  }

  @Test func chainsNodesAndConstants() throws {
    var (graph, x, relu, _) = try example()
    var patch = Patch(label: "test", anchor: graph.order[0])
    let two = Weight(name: "two", tensor: try HostTensor.scalar(2, as: .float32))
    let product = patch.add(Binary(.multiply), [.value(x), .constant(two)], name: "product")
    patch.replace(relu, with: patch.add(Unary(.sqrt), [product], name: "root"))
    try graph.apply(patch)
    #expect(graph.nodes.map(\.name) == ["product", "root", "relu", "negate"])
    #expect(graph.weights.values.map(\.name) == ["two"])
    graph.removeDeadNodes()
    let input = try HostTensor(.float32, shape: [1, 4], .real([0, 2, 8, 18]))
    let found = try ReferenceEvaluator(graph).run([input])
    #expect(try found[0].reals() == [0, -2, -4, -6])
  }

  @Test func refusalsChangeNothing() throws {
    var (graph, x, relu, _) = try example()
    let order = graph.order
    let count = graph.values.count
    var cast = Patch(label: "cast", anchor: graph.order[1])
    cast.replace(relu, with: cast.add(Cast(to: .int64), [.value(x)], name: "cast"))
    #expect(throws: PatchError.self) { try graph.apply(cast) }
    var illTyped = Patch(label: "ill", anchor: graph.order[1])
    illTyped.replace(relu, with: illTyped.add(Unary(.not), [.value(x)], name: "not"))
    #expect(throws: PatchError.self) { try graph.apply(illTyped) }
    var malformed = Patch(label: "malformed", anchor: graph.order[1])
    malformed.replace(relu, with: .result(node: 3, index: 0))
    #expect(throws: PatchError.self) { try graph.apply(malformed) }
    #expect(throws: PatchError.self) {
      try graph.apply(Patch(label: "anchor", anchor: NodeID(99)))
    }
    #expect(graph.order == order)
    #expect(graph.values.count == count)
  }

  @Test func errorsNameThePass() throws {
    var (graph, x, relu, _) = try example()
    var patch = Patch(label: "lower-casts", anchor: graph.order[1])
    patch.replace(relu, with: patch.add(Cast(to: .int64), [.value(x)], name: "cast"))
    do {
      try graph.apply(patch)
      Issue.record("no error")
    } catch {
      #expect(
        "\(error)"
          == "pass 'lower-casts' changes the type of 'r' from f32[n, 4] to i64[n, 4]")
    }
  }

  @Test func deadNodesGoInChainsAndLiveOnesStay() throws {
    var (graph, x, _, _) = try example()
    let parts = try graph.append(Split(axis: 1, parts: 2), [x], name: "split")
    let unused = graph.addWeight("unused", try .vector([1]))
    try graph.append(Unary(.exp), [try graph.append(Unary(.log), [x])[0]])
    graph.addOutput("part", parts[1])
    #expect(graph.removeDeadNodes() == 2)
    #expect(graph.nodes.map(\.name) == ["relu", "negate", "split"])
    #expect(graph.weight(unused) == nil)
    #expect(graph.removeDeadNodes() == 0)
  }

  @Test func compatibleTypes() {
    let symbolic = TensorType(.float32, [.symbol("n"), 4])
    #expect(symbolic.isCompatible(with: TensorType(.float32, [3, 4])))
    #expect(symbolic.isCompatible(with: TensorType(.float32, .unranked)))
    #expect(!symbolic.isCompatible(with: TensorType(.float32, [3, 5])))
    #expect(!symbolic.isCompatible(with: TensorType(.float32, [4])))
    #expect(!symbolic.isCompatible(with: TensorType(.float16, [3, 4])))
  }
}
