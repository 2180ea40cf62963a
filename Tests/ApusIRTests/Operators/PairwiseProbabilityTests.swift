import ApusIR
import ApusTensor
import Testing

/// Expected numbers are ONNX Runtime's.
@Suite struct PairwiseProbabilityTests {
  typealias Probe = NumberProbe

  @Test func threeClasses() throws {
    let found = try Probe.reals(
      PairwiseProbability(classes: 3),
      [
        Probe.real([2.1, 0.775, 0.275, -0.3, 1.207, -0.013], [2, 3]),
        Probe.real([-1, -2, -1.5], [3]), Probe.real([0.1, 0.2, 0.3], [3]),
      ])
    #expect(Probe.close(found, [0.7189, 0.1178, 0.1633, 0.4271, 0.3908, 0.1821], 2e-4))
  }

  @Test func twoClasses() throws {
    let found = try Probe.reals(
      PairwiseProbability(classes: 2),
      [Probe.real([0.9647], [1, 1]), Probe.real([-1], [1]), Probe.real([0.1], [1])])
    #expect(Probe.close(found, [0.7036, 0.2964], 1e-3))
  }
}
