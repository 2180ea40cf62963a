import ApusIR
import ApusTensor
import Testing

@Suite struct DeterminantTests {
  typealias Probe = NumberProbe

  @Test func values() throws {
    let data = try Probe.real([1, 2, 3, 4, 0, 1, 1, 0, 1, 2, 2, 4], [3, 2, 2])
    #expect(Probe.close(try Probe.reals(Determinant(), [data]), [-2, -1, 0]))
    #expect(try Probe.reals(Determinant(), [try Probe.real([], [0, 0])]) == [1])
  }

  @Test func refusesRectangles() {
    #expect(throws: TypeError.self) { try infer(Determinant(), [Fact(.float32, [2, 3])]) }
  }
}
