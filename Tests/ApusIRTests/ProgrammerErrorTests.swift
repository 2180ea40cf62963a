import ApusIR
import ApusTensor
import Testing

/// Ids of one graph mean nothing in another; a foreign one ends the process.
@Suite struct ProgrammerErrorTests {
  @Test func foreignNodes() async {
    await #expect(processExitsWith: .failure) {
      let graph = Graph(name: "empty")
      print(graph[NodeID(0)].name)
    }
  }

  @Test func foreignValues() async {
    await #expect(processExitsWith: .failure) {
      var graph = Graph(name: "g")
      graph.addInput("x", TensorType(.float32, []))
      print(graph[ValueID(3)].name)
    }
  }
}
