import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceMapTests {
  typealias Probe = ValueProbe

  @Test func mapsInStep() throws {
    let results = try Probe.run(
      """
      graph "g" (%a: sequence(f32[*]), %b: sequence(f32[*]), %c: f32[1]) {
        %s = sequence_map(%a, %b, %c) {mapped: 1, body: graph "b" (%x: f32[*], %y: f32[*], %z: f32[1]) {
          %t = binary(%x, %y) {function: add}
          %u = binary(%t, %z) {function: multiply}
          return %u as "u"
        }}
        return %s as "s"
      }
      """,
      [
        Probe.floats([try Probe.real([1], [1]), try Probe.real([2, 3], [2])]),
        Probe.floats([try Probe.real([10], [1]), try Probe.real([20, 30], [2])]),
        .tensor(try Probe.real([2], [1])),
      ])
    #expect(Probe.tensors(results[0]) == [[22], [44, 66]])
  }
}
