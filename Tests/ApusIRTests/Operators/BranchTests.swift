import ApusIR
import ApusTensor
import Testing

@Suite struct BranchTests {
  typealias Probe = ValueProbe

  private static let text = """
    graph "g" (%c: bool[], %x: f32[n]) {
      %y = branch(%c, %x) {then: graph "a" (%v: f32[n]) {
        %r = unary(%v) {function: negate}
        return %r as "r"
      }, otherwise: graph "b" (%v: f32[n]) {
        weight @two: f32[2] = [2.0, 2.0]
        return @two as "r"
      }}
      return %y as "y"
    }
    """

  private static let cases: [(Bool, [Double])] = [(true, [-1, -3]), (false, [2, 2])]

  @Test(arguments: cases)
  func runsOneBody(condition: Bool, expected: [Double]) throws {
    let results = try Probe.run(
      Self.text, [.tensor(try Probe.truth(condition)), .tensor(try Probe.real([1, 3], [2]))])
    #expect(Probe.tensors(results[0]) == [expected])
  }

  @Test func typesCoverBoth() throws {
    let graph = try Graph(text: Self.text)
    let type = graph.type(graph.outputs[0].value)
    #expect(type.rank == 1)
    #expect(type.extents?.allSatisfy(\.dependsOnData) == true)
  }

  @Test func refusesBranchesOfDifferentKinds() throws {
    var then = Graph(name: "then")
    then.addOutput("r", then.addWeight("w", try .vector([1])))
    var other = Graph(name: "else")
    other.addOutput("r", other.addWeight("w", try .scalar(1, as: .float32)))
    let operation = Branch(then: Body(then), otherwise: Body(other))
    #expect(throws: TypeError.self) {
      try infer(operation, [Fact(.bool, [])])
    }
  }
}
