import ApusIR
import ApusTensor
import Testing

@Suite struct DeformableConvolutionTests {
  typealias Probe = NumberProbe

  @Test func withoutOffsetsItIsAConvolution() throws {
    let data = try Probe.real((1...9).map { Double($0) }, [1, 1, 3, 3])
    let weight = try Probe.real([1, 2, 3, 4], [1, 1, 2, 2])
    let offset = try Probe.real(Array(repeating: 0, count: 32), [1, 8, 2, 2])
    let plain = try Probe.reals(Convolution(), [data, weight])
    #expect(try Probe.reals(DeformableConvolution(), [data, weight, offset]) == plain)
  }

  @Test func offsetsMoveSamples() throws {
    let data = try Probe.real([1, 3], [1, 1, 1, 2])
    let weight = try Probe.real([1], [1, 1, 1, 1])
    // Half a pixel to the right, then off the image.
    let offset = try Probe.real([0, 0, 0.5, 5], [1, 2, 1, 2])
    #expect(try Probe.reals(DeformableConvolution(), [data, weight, offset]) == [2, 0])
  }

  @Test func refusesOtherOffsets() throws {
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        DeformableConvolution(),
        [
          try Probe.real([1, 3], [1, 1, 1, 2]), try Probe.real([1], [1, 1, 1, 1]),
          try Probe.real([0], [1, 1, 1, 1]),
        ])
    }
  }
}
