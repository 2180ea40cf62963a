import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct ConvolutionTests {
  typealias Probe = NumberProbe

  @Test func onesKernelSums() throws {
    var convolution = Convolution()
    convolution.pads = [1, 1, 1, 1]
    let x = try Probe.real((1...9).map(Double.init), [1, 1, 3, 3])
    let w = try Probe.real(Array(repeating: 1, count: 9), [1, 1, 3, 3])
    #expect(
      try Probe.reals(convolution, [x, w]) == [12, 21, 16, 27, 45, 33, 24, 39, 28])
  }

  @Test func groupsStridesAndBias() throws {
    var convolution = Convolution()
    convolution.group = 2
    convolution.strides = [2]
    convolution.hasBias = true
    let x = try Probe.real([1, 2, 3, 4, 10, 20, 30, 40], [1, 2, 4])
    let w = try Probe.real([1, 1, 1, -1], [2, 1, 2])
    let found = try Probe.run(convolution, [x, w, Probe.real([0.5, 0], [2])])[0]
    #expect(found.shape == [1, 2, 2])
    #expect(try found.reals() == [3.5, 7.5, -10, -10])
  }

  @Test func samePaddingKeepsCeiling() throws {
    var convolution = Convolution()
    convolution.strides = [2, 2]
    convolution.padding = .sameUpper
    let n = Extent.symbol("n")
    let type = try Probe.type(
      convolution, [TensorType(.float32, [n, 3, 5, 8]), TensorType(.float32, [4, 3, 3, 3])])
    #expect(type == TensorType(.float32, [n, 4, 3, 4]))
  }

  @Test func channelsMustAgree() {
    #expect(throws: TypeError.extents(operand: "data", found: 4, expected: 3)) {
      try Probe.type(
        Convolution(), [TensorType(.float32, [1, 4, 5, 5]), TensorType(.float32, [2, 3, 3, 3])])
    }
  }

  @Test func integersWrap() throws {
    let x = try HostTensor(.int32, shape: [1, 1, 2], .signed([1 << 30, 1 << 30]))
    let w = try HostTensor(.int32, shape: [1, 1, 2], .signed([2, 2]))
    let found = try NumberProbe.run(Convolution(), [x, w])[0]
    #expect(try found.integers() == [0])
  }
}
