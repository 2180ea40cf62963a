import ApusIR
import ApusTensor
import Testing

@Suite struct ArgExtremumTests {
  typealias Probe = NumberProbe

  @Test(arguments: [(false, false, 1), (false, true, 3), (true, false, 0), (true, true, 2)])
  func ties(smallest: Bool, selectLast: Bool, expected: Int) throws {
    let data = try Probe.real([1, 5, 1, 5], [4])
    let operation = ArgExtremum(
      smallest: smallest, axis: 0, keepDimensions: false, selectLast: selectLast)
    #expect(try Probe.run(operation, [data])[0].integers() == [expected])
  }

  @Test func shapesAndNaN() throws {
    let data = try Probe.real([1, .nan, 2, 7, 8, 9], [2, 3])
    let found = try Probe.run(ArgExtremum(smallest: false, axis: -1), [data])[0]
    #expect(found.shape == [2, 1])
    #expect(try found.integers() == [1, 2])
  }

  @Test func nothingToChooseFrom() throws {
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        ArgExtremum(smallest: false, axis: 0), [try Probe.real([], [0, 2])])
    }
  }
}
