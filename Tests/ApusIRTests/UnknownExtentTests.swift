import ApusIR
import ApusTensor
import Testing

/// Extents that depend on data get a symbol of their own in every graph.
@Suite struct UnknownExtentTests {
  @Test func twoUnknownsNeverCompareEqual() throws {
    var graph = Graph(name: "ranges")
    let bound = graph.addInput("n", TensorType(.int64, []))
    let zero = graph.addWeight("zero", try .vector([0]).reshaped([]))
    let one = graph.addWeight("one", try .vector([1]).reshaped([]))
    let first = try graph.append(NumericRange(), [zero, bound, one])[0]
    let second = try graph.append(NumericRange(), [zero, bound, one])[0]
    #expect(graph.type(first).shape != graph.type(second).shape)
    #expect(graph.type(first).extents?.allSatisfy(\.dependsOnData) == true)
    let length = try graph.append(ShapeOf(), [first])[0]
    #expect(graph.fact(length).contents == graph.type(first).extents)
    try graph.verify(types: .exact)
  }

  @Test func textRoundTrips() throws {
    var graph = Graph(name: "ranges")
    let bound = graph.addInput("n", TensorType(.int64, []))
    let zero = graph.addWeight("zero", try .vector([0]).reshaped([]))
    let range = try graph.append(NumericRange(), [zero, bound, zero])[0]
    graph.addOutput("range", range)
    #expect(try Graph(text: graph.description).description == graph.description)
  }
}
