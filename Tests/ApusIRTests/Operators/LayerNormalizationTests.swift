import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct LayerNormalizationTests {
  typealias Probe = NumberProbe

  @Test func meanZeroVarianceOne() throws {
    let x = try Probe.real([1, 2, 3, 4], [2, 2])
    let found = try Probe.run(
      LayerNormalization(axis: -1, epsilon: 0, statistics: true),
      [x, Probe.real([2, 3], [2]), Probe.real([1, 0], [2])])
    #expect(Probe.close(try found[0].reals(), [-1, 3, -1, 3]))
    #expect(Probe.close(try found[1].reals(), [1.5, 3.5]))
    #expect(Probe.close(try found[2].reals(), [2, 2]))
    #expect(found[1].shape == [2, 1])
  }

  @Test func wideningScaleIsRefused() {
    #expect(throws: (any Error).self) {
      try Probe.run(LayerNormalization(), [Probe.real([1], [1]), Probe.real([1, 2, 3], [3])])
    }
  }
}
