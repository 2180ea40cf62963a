import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct BatchNormalizationTests {
  typealias Probe = NumberProbe

  @Test func perChannel() throws {
    let x = try Probe.real([1, 2, 3, 4], [1, 2, 2])
    let found = try Probe.reals(
      BatchNormalization(epsilon: 0),
      [
        x, Probe.real([2, 1], [2]), Probe.real([0, 10], [2]), Probe.real([1, 3], [2]),
        Probe.real([1, 4], [2]),
      ])
    #expect(Probe.close(found, [0, 2, 10, 10.5]))
  }

  @Test func parametersMustFitTheChannels() {
    let data = TensorType(.float32, [1, 2, 2])
    let wrong = TensorType(.float32, [3])
    #expect(throws: TypeError.extents(operand: "scale", found: 3, expected: 2)) {
      try Probe.type(BatchNormalization(), [data, wrong, wrong, wrong, wrong])
    }
  }
}
