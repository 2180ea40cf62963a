import ApusLoops
import ApusTensor
import Testing

@testable import ApusIR

@Suite struct GraphVerifierTests {
  private func example() throws -> (graph: Graph, x: ValueID, a: ValueID, b: ValueID) {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let a = try graph.append(Unary(.relu), [x], name: "a", resultNames: ["a.out"])[0]
    let b = try graph.append(Unary(.exp), [a], name: "b", resultNames: ["b.out"])[0]
    graph.addOutput("y", b)
    return (graph, x, a, b)
  }

  @Test func validGraphs() throws {
    try example().graph.verify(types: .exact)
    for seed in 0..<20 { try RandomGraph.make(seed: UInt64(seed)).verify(types: .exact) }
  }

  @Test func order() throws {
    var (graph, _, a, _) = try example()
    graph.order.reverse()
    #expect(
      throws: VerificationError.undefinedOperand(node: "b", operator: "unary", operand: a)
    ) { try graph.verify() }
    graph.order = [graph.order[1], graph.order[1]]
    #expect(throws: VerificationError.nodeTwice("a", graph.order[0])) { try graph.verify() }
    graph.order = [NodeID(99)]
    #expect(throws: VerificationError.danglingNode(NodeID(99))) { try graph.verify() }
  }

  @Test func operands() throws {
    var (graph, _, _, _) = try example()
    graph[graph.order[0]].operands = [ValueID(77)]
    #expect(
      throws: VerificationError.undefinedOperand(
        node: "a", operator: "unary", operand: ValueID(77))
    ) { try graph.verify() }
    graph[graph.order[0]].operands = []
    #expect(
      throws: VerificationError.type(
        node: "a", operator: "unary", .operandCount(expected: 1...1, found: 0))
    ) { try graph.verify() }
  }

  @Test func types() throws {
    var (graph, _, a, _) = try example()
    graph[a].fact.type = TensorType(.float32, [.symbol("n")])
    try graph.verify()
    #expect(
      throws: VerificationError.resultType(
        node: "a", operator: "unary", value: "a.out", expected: ValueType(.float32, [2]),
        found: ValueType(.float32, [.symbol("n")]))
    ) { try graph.verify(types: .exact) }
    graph[a].fact.type = TensorType(.float32, [3])
    #expect(throws: VerificationError.self) { try graph.verify() }
  }

  @Test func definitions() throws {
    var (graph, x, a, b) = try example()
    graph[a].definition = .node(graph.order[1], result: 0)
    #expect(throws: VerificationError.wrongDefinition("a.out", a)) { try graph.verify() }
    graph = try example().graph
    graph[graph.order[1]].results = [a]
    #expect(throws: VerificationError.definedTwice("a.out", a)) { try graph.verify() }
    graph[graph.order[1]].results = [ValueID(50)]
    #expect(throws: VerificationError.danglingValue(ValueID(50))) { try graph.verify() }
    graph[graph.order[1]].results = [b, x]
    #expect(throws: VerificationError.self) { try graph.verify() }
  }

  @Test func names() throws {
    var (graph, x, _, _) = try example()
    graph.addOutput("y", x)
    #expect(throws: VerificationError.duplicateOutput("y")) { try graph.verify() }
    graph.outputs = [.init(name: "z", value: ValueID(9))]
    #expect(throws: VerificationError.undefinedOutput("z")) { try graph.verify() }
    graph.outputs = []
    graph.addInput("x", TensorType(.float32, []))
    #expect(throws: VerificationError.duplicateInput("x")) { try graph.verify() }
  }
}
