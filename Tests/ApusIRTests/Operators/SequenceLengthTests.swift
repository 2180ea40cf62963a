import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceLengthTests {
  @Test func counts() throws {
    let results = try ValueProbe.run(
      """
      graph "g" (%s: sequence(f32[*])) {
        %n = sequence_length(%s): i64[]
        return %n as "n"
      }
      """, [ValueProbe.floats([try ValueProbe.real([1], [1]), try ValueProbe.real([], [0])])])
    #expect(ValueProbe.tensors(results[0]) == [[2]])
  }
}
