import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct RMSNormalizationTests {
  typealias Probe = NumberProbe

  @Test func dividesByRootMeanSquare() throws {
    let found = try Probe.reals(
      RMSNormalization(axis: -1, epsilon: 0),
      [Probe.real([3, 4], [1, 2]), Probe.real([1, 2], [2])])
    let root = 12.5.squareRoot()
    #expect(Probe.close(found, [3 / root, 8 / root]))
  }

  @Test func axisIsChecked() {
    #expect(throws: TypeError.axis(3, rank: 1)) {
      try Probe.type(RMSNormalization(axis: 3, epsilon: 0), [TensorType(.float32, [4])])
    }
  }
}
