import ApusIR
import ApusTensor
import Testing

@Suite struct ReverseSequenceTests {
  typealias Probe = NumberProbe

  @Test func reversesTheFirst() throws {
    let data = try Probe.real([1, 2, 3, 4, 5, 6], [2, 3])
    let operation = ReverseSequence(batchAxis: 0, timeAxis: 1)
    #expect(
      try Probe.reals(operation, [data, try Probe.whole([2, 3], [2])]) == [2, 1, 3, 6, 5, 4])
    #expect(throws: EvaluationError.self) {
      try Probe.run(operation, [data, try Probe.whole([2, 4], [2])])
    }
  }
}
