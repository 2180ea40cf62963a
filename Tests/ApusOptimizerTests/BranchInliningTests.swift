import ApusIR
import ApusLoops
import ApusOptimizer
import ApusTensor
import Testing

@Suite("Branches with constant conditions")
struct BranchInliningTests {
  /// x · w or x, by a condition; `inner` chooses inside the first.
  private func graph(_ condition: Bool?, inner: Bool? = nil) throws -> Graph {
    func body(_ make: (inout Graph, ValueID) throws -> ValueID) throws -> Body {
      var graph = Graph(name: "body")
      let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 2]))
      graph.addOutput("r", try make(&graph, x))
      return Body(graph)
    }
    let scaled = try body { graph, x in
      let w = graph.addWeight("w", try HostTensor(.float32, shape: [2], .real([2, 3])))
      return try graph.append(Binary(.multiply), [x, w], name: "scale")[0]
    }
    let same = try body { _, x in x }
    var first = scaled
    if let inner {
      first = try body { graph, x in
        let c = graph.addWeight("c", try HostTensor(.bool, shape: [], .boolean([inner])))
        let branch = Branch(then: scaled, otherwise: same)
        return try graph.append(branch, [c, x], name: "inner")[0]
      }
    }
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 2]))
    let c =
      if let condition {
        graph.addWeight("c", try HostTensor(.bool, shape: [1], .boolean([condition])))
      } else { graph.addInput("c", TensorType(.bool, [])) }
    let branch = Branch(then: first, otherwise: same)
    let y = try graph.append(branch, [c, x], name: "if")[0]
    graph.addOutput("y", try graph.append(Unary(.negate), [y], name: "negate")[0])
    return graph
  }

  private func optimized(_ graph: Graph) throws -> Graph {
    var graph = graph
    var optimizer = Optimizer()
    optimizer.passes = [BranchInlining()]
    _ = try optimizer.run(&graph)
    try graph.verify()
    return graph
  }

  @Test(
    "The body that is taken replaces the branch",
    arguments: [
      (true, nil, ["binary", "unary"], [-2.0, -6]), (false, nil, ["unary"], [-1, -2]),
      (true, true, ["binary", "unary"], [-2, -6]), (true, false, ["unary"], [-1, -2]),
    ] as [(Bool, Bool?, [String], [Double])])
  func taken(_ condition: Bool, _ inner: Bool?, _ names: [String], _ expected: [Double]) throws {
    let before = try graph(condition, inner: inner)
    let after = try optimized(before)
    #expect(after.nodes.map { $0.operation.name } == names)
    let x = try HostTensor(.float32, shape: [1, 2], .real([1, 2]))
    #expect(try ReferenceEvaluator(after).run([x])[0].reals() == expected)
    #expect(try ReferenceEvaluator(before).run([x])[0].reals() == expected)
    #expect(after.inputs.count == before.inputs.count)
  }

  @Test("A condition that only a run tells keeps its branch")
  func unknown() throws {
    #expect(try optimized(graph(nil)).nodes.map { $0.operation.name } == ["branch", "unary"])
  }

  /// The branch's type covers a tensor and an optional; the body that turns out to be taken gives the
  /// tensor, which the branch wraps.
  @Test("Where a branch's type is wider than the body's, it stays")
  func widened() throws {
    var one = Graph(name: "one")
    one.addOutput("r", one.addInput("x", TensorType(.float32, [2])))
    var other = Graph(name: "other")
    let inside = other.addInput("x", TensorType(.float32, [2]))
    other.addOutput("r", try other.append(OptionalMake(), [inside], name: "wrap")[0])
    var graph = Graph(name: "g")
    let no = graph.addWeight("no", try HostTensor(.bool, shape: [], .boolean([false])))
    let yes = try graph.append(Unary(.not), [no], name: "not")[0]
    let x = graph.addInput("x", TensorType(.float32, [2]))
    let branch = Branch(then: Body(one), otherwise: Body(other))
    let y = try graph.append(branch, [yes, x], name: "if")[0]
    #expect(!graph.valueType(y).isTensor)
    graph.addOutput("y", try graph.append(OptionalGet(), [y], name: "get")[0])
    var optimizer = Optimizer()
    optimizer.passes = [ConstantFolding(), BranchInlining()]
    _ = try optimizer.run(&graph)
    try graph.verify()
    let input = try HostTensor(.float32, shape: [2], .real([1, 2]))
    #expect(try ReferenceEvaluator(graph).run([input])[0].reals() == [1, 2])
    #expect(graph.nodes.map { $0.operation.name } == ["branch", "optional_get"])
  }

  @Test("The whole pipeline sees through conditions that follow from shapes")
  func pipeline() throws {
    func body(_ function: UnaryFunction) throws -> Body {
      var graph = Graph(name: "body")
      let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 2]))
      graph.addOutput("r", try graph.append(Unary(function), [x], name: "inner")[0])
      return Body(graph)
    }
    var graph = Graph(name: "g")
    let x = graph.addInput("x", TensorType(.float32, [.symbol("n"), 2]))
    let width = try graph.append(ShapeOf(start: 1, end: 2), [x], name: "width")[0]
    let two = graph.addWeight("two", try HostTensor(.int64, shape: [1], .signed([2])))
    let isTwo = try graph.append(Binary(.equal), [width, two], name: "equal")[0]
    let branch = Branch(then: try body(.relu), otherwise: try body(.exp))
    graph.addOutput("y", try graph.append(branch, [isTwo, x], name: "if")[0])
    _ = try Optimizer().run(&graph)
    try graph.verify()
    #expect(!graph.nodes.contains { $0.operation is Branch })
    let input = try HostTensor(.float32, shape: [1, 2], .real([-1, 2]))
    #expect(try ReferenceEvaluator(graph).run([input])[0].reals() == [0, 2])
  }
}
