import ApusIR
import ApusTensor
import Testing

@Suite struct ScatterNDTests {
  typealias Probe = NumberProbe

  @Test func slicesAndElements() throws {
    let data = try Probe.real([1, 2, 3, 4], [2, 2])
    let slice = try Probe.reals(
      ScatterND(.add), [data, try Probe.whole([1], [1, 1]), try Probe.real([10, 20], [1, 2])])
    #expect(slice == [1, 2, 13, 24])
    let element = try Probe.reals(
      ScatterND(.none), [data, try Probe.whole([0, -1], [1, 2]), try Probe.real([9], [1])])
    #expect(element == [1, 9, 3, 4])
  }

  @Test func refuses() throws {
    let data = try Probe.real([1, 2], [2])
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        ScatterND(.none), [data, try Probe.whole([2], [1, 1]), try Probe.real([9], [1])])
    }
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        ScatterND(.none), [data, try Probe.whole([0], [1, 1]), try Probe.real([9, 9], [2])])
    }
  }
}
