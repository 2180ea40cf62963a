import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceConcatTests {
  typealias Probe = ValueProbe

  private func join(_ operation: SequenceConcat, _ tensors: [HostTensor]) throws -> HostTensor? {
    try operation.evaluate(
      values: [Probe.floats(tensors)], [], EvaluationContext())[0].tensor
  }

  @Test func alongAnAxis() throws {
    let tensors = [try Probe.real([1, 2], [2]), try Probe.real([3], [1])]
    #expect(try join(SequenceConcat(axis: 0, newAxis: false), tensors)?.reals() == [1, 2, 3])
  }

  @Test func alongANewAxis() throws {
    let tensors = [try Probe.real([1, 2], [2]), try Probe.real([3, 4], [2])]
    let stacked = try join(SequenceConcat(axis: -1, newAxis: true), tensors)
    #expect(stacked?.shape == [2, 2])
    #expect(try stacked?.reals() == [1, 3, 2, 4])
  }

  @Test func refuses() throws {
    let mixed = [try Probe.real([1, 2], [2]), try Probe.real([3], [1, 1])]
    #expect(throws: EvaluationError.self) {
      try join(SequenceConcat(axis: 0, newAxis: false), mixed)
    }
    #expect(throws: EvaluationError.self) {
      try join(SequenceConcat(axis: 0, newAxis: false), [])
    }
  }
}
