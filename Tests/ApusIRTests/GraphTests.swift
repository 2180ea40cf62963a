import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct GraphTests {
  private let vector = TensorType(.float32, [4])

  @Test func appendInfersAndLinks() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", vector)
    let w = graph.addWeight("w", try HostTensor(.float32, shape: [1], .real([2])))
    let y = try graph.append(Binary(.add), [x, w], name: "sum", resultNames: ["y"])[0]
    graph.addOutput("y", y)
    #expect(graph.type(y) == vector)
    #expect(graph[y].name == "y")
    #expect(graph.producer(of: y)?.name == "sum")
    #expect(graph.producer(of: x) == nil)
    #expect(graph[x].definition == .input(0))
    #expect(graph.weight(w)?.name == "w")
    #expect(graph.fact(w).constant != nil)
    #expect(graph.nodes.map(\.results) == [[y]])
  }

  @Test func refusedNodesLeaveNothing() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", vector)
    let flag = graph.addInput("flag", TensorType(.bool, []))
    #expect(throws: TypeError.self) { try graph.append(Binary(.add), [x, flag]) }
    #expect(throws: TypeError.missingOperand("right")) {
      try graph.append(Binary(.add), [x, nil])
    }
    #expect(graph.order.isEmpty)
    #expect(graph.values.count == 2)
  }

  @Test func extentsOutOfRangeAreRefused() throws {
    var graph = Graph(name: "g")
    let big = graph.addInput("big", TensorType(.float32, [.fixed(.max)]))
    #expect(throws: TypeError.self) { try graph.append(Concat(axis: 0), [big, big]) }
  }

  @Test func copiesAreSnapshots() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", vector)
    let before = graph
    try graph.append(Unary(.relu), [x])
    #expect(before.order.isEmpty)
    #expect(graph.order.count == 1)
  }

  @Test func usesListEveryPosition() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", vector)
    let square = try graph.append(Binary(.multiply), [x, x])[0]
    let relu = try graph.append(Unary(.relu), [square])[0]
    graph.addOutput("y", relu)
    let uses = Uses(graph)
    #expect(uses.of(x) == [graph.order[0], graph.order[0]])
    #expect(uses.only(x) == nil)
    #expect(uses.only(square) == graph.order[1])
    #expect(uses.isOutput(relu) && !uses.isOutput(square))
    #expect(uses.only(relu) == nil)
    #expect(!uses.isUnused(relu))
    // A value that is read once and returned has no only reader.
    graph.addOutput("square", square)
    #expect(Uses(graph).only(square) == nil)
  }

  @Test func unusedWeightsAreDropped() throws {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", vector)
    let used = graph.addWeight("used", try HostTensor(zeros: .float32, shape: [4]))
    let unused = graph.addWeight("unused", try HostTensor(zeros: .float32, shape: [4]))
    let returned = graph.addWeight("returned", try HostTensor(zeros: .float32, shape: [4]))
    graph.addOutput("y", try graph.append(Binary(.add), [x, used])[0])
    graph.addOutput("w", returned)
    graph.removeUnusedWeights()
    #expect(graph.weight(used) != nil && graph.weight(returned) != nil)
    #expect(graph.weight(unused) == nil)
  }
}
