import ApusIR
import ApusTensor
import Testing

@Suite struct OptionalMakeTests {
  @Test func wrapsAValue() throws {
    let results = try ValueProbe.run(
      """
      graph "g" (%x: f32[n]) {
        %o = optional_make(%x): optional(f32[n])
        %e = optional_make() {element: type sequence(i64[*])}: optional(sequence(i64[*]))
        return %o as "o", %e as "e"
      }
      """, [.tensor(try ValueProbe.real([1, 2], [2]))])
    #expect(ValueProbe.tensors(results[0]) == [[1, 2]])
    #expect(ValueProbe.tensors(results[1]).isEmpty)
  }
}
