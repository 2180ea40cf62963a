import ApusIR
import ApusTensor
import Testing

@Suite struct TransposedConvolutionTests {
  typealias Probe = NumberProbe

  @Test func scattersTheKernel() throws {
    var operation = TransposedConvolution()
    operation.strides = [2]
    let found = try Probe.run(
      operation, [try Probe.real([1, 2], [1, 1, 2]), try Probe.real([1, 10, 100], [1, 1, 3])])[0]
    #expect(found.shape == [1, 1, 5])
    #expect(try found.reals() == [1, 10, 102, 20, 200])
  }

  @Test func biasGroupsAndPads() throws {
    var operation = TransposedConvolution()
    operation.group = 2
    operation.pads = [0, 1]
    let found = try Probe.reals(
      operation,
      [
        try Probe.real([1, 2], [1, 2, 1]), try Probe.real([1, 2, 3, 4], [2, 1, 2]),
        try Probe.real([10, 20], [2]),
      ])
    #expect(found == [11, 26])
  }

  @Test func refuses() {
    var operation = TransposedConvolution()
    operation.group = 0
    #expect(throws: TypeError.self) {
      try infer(operation, [Fact(.float32, [1, 1, 2]), Fact(.float32, [1, 1, 3])])
    }
    #expect(throws: TypeError.self) {
      try infer(
        TransposedConvolution(), [Fact(.float32, [1, 2, 2]), Fact(.float32, [1, 1, 3])])
    }
  }
}
