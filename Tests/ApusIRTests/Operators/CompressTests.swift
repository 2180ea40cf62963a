import ApusIR
import ApusTensor
import Testing

@Suite struct CompressTests {
  typealias Probe = NumberProbe

  @Test func alongAnAxisAndFlat() throws {
    let data = try Probe.real([1, 2, 3, 4, 5, 6], [3, 2])
    let condition = try Probe.flags([false, true], [2])
    #expect(try Probe.reals(Compress(axis: 0), [data, condition]) == [3, 4])
    #expect(try Probe.reals(Compress(axis: -1), [data, condition]) == [2, 4, 6])
    #expect(try Probe.reals(Compress(axis: nil), [data, condition]) == [2])
  }

  @Test func lengthDependsOnData() throws {
    let facts = try infer(Compress(axis: 0), [Fact(.float32, [3, 2]), Fact(.bool, [3])])
    #expect(facts[0].shape == [.unknown, 2])
  }

  @Test func refusesConditionsBehindTheEnd() throws {
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        Compress(axis: 0), [try Probe.real([1], [1]), try Probe.flags([false, true], [2])])
    }
  }
}
