import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceMakeTests {
  typealias Probe = ValueProbe

  @Test func collectsValues() throws {
    let results = try Probe.run(
      """
      graph "g" (%a: f32[n], %b: f32[m]) {
        %s = sequence_make(%a, %b)
        return %s as "s"
      }
      """, [.tensor(try Probe.real([1], [1])), .tensor(try Probe.real([2, 3], [2]))])
    #expect(Probe.tensors(results[0]) == [[1], [2, 3]])
  }

  @Test func emptyHasItsType() throws {
    let facts = try infer(SequenceMake(element: ValueType(.int64, [2])), [])
    #expect(facts[0].valueType == .sequence(ValueType(.int64, [2])))
  }

  @Test func refusesMixedElements() {
    #expect(throws: TypeError.self) {
      try infer(SequenceMake(), [Fact(.int64, []), Fact(.float32, [])])
    }
  }
}
