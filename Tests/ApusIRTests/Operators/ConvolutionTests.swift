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

  /// Every element alone equals the element of the whole result.
  @Test(arguments: 0..<6) func elementsAlone(variant: Int) throws {
    var convolution = Convolution()
    convolution.group = [1, 2, 4][variant % 3]
    convolution.strides = [1 + variant % 2, 2]
    convolution.dilations = [1, 1 + variant % 3]
    if variant < 3 { convolution.pads = [1, 0, 2, 1] } else { convolution.padding = .sameLower }
    convolution.hasBias = variant % 2 == 0
    let group = convolution.group
    let x = try Probe.real((0..<(2 * 4 * 7 * 6)).map { Double($0 % 11) - 5 }, [2, 4, 7, 6])
    let count = 8 * 4 / group * 6
    let w = try Probe.real((0..<count).map { Double($0 % 7) - 3 }, [8, 4 / group, 3, 2])
    var operands = [x, w]
    if convolution.hasBias { operands.append(try Probe.real((0..<8).map { Double($0) }, [8])) }
    try Probe.expectElementsAlone(convolution, operands)
  }
}
