import ApusIR
import ApusTensor
import Testing

@Suite struct ScanTests {
  typealias Probe = ValueProbe

  private func text(_ fields: String) -> String {
    """
    graph "g" (%s: f32[2], %x: f32[n, 2]) {
      %sum, %all = scan(%s, %x) {states: 1, inputAxes: [0], \(fields), body: graph "b" (%a: f32[2], %v: f32[2]) {
        %r = binary(%a, %v) {function: add}
        return %r as "s", %r as "all"
      }}
      return %sum as "sum", %all as "all"
    }
    """
  }

  private func inputs() throws -> [HostValue] {
    [
      .tensor(try Probe.real([0, 0], [2])),
      .tensor(try Probe.real([1, 2, 3, 4, 5, 6], [3, 2])),
    ]
  }

  @Test func stacksRunningSums() throws {
    let results = try Probe.run(
      text("inputsReversed: [0], outputAxes: [0], outputsReversed: [0]"), try inputs())
    #expect(Probe.tensors(results[0]) == [[9, 12]])
    #expect(Probe.tensors(results[1]) == [[1, 2, 4, 6, 9, 12]])
  }

  @Test func directionsAndAxes() throws {
    let results = try Probe.run(
      text("inputsReversed: [1], outputAxes: [1], outputsReversed: [1]"), try inputs())
    #expect(results[1].tensor?.shape == [2, 3])
    #expect(Probe.tensors(results[1]) == [[9, 8, 5, 12, 10, 6]])
  }

  @Test func keepsTheLength() throws {
    let graph = try Graph(
      text: text("inputsReversed: [0], outputAxes: [0], outputsReversed: [0]"))
    #expect(graph.type(graph.outputs[1].value).shape == [.symbol("n"), 2])
  }
}
