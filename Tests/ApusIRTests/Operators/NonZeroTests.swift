import ApusIR
import ApusTensor
import Testing

@Suite struct NonZeroTests {
  typealias Probe = NumberProbe

  @Test func coordinates() throws {
    let found = try Probe.run(NonZero(), [try Probe.real([1, 0, 0, .nan], [2, 2])])[0]
    #expect(found.shape == [2, 2])
    #expect(try found.integers() == [0, 1, 0, 1])
    #expect(try Probe.run(NonZero(), [try Probe.real([3], [])])[0].shape == [1, 1])
  }

  @Test func countDependsOnData() throws {
    #expect(try infer(NonZero(), [Fact(.float32, [2, 3, 4])])[0].shape == [3, .unknown])
  }
}
