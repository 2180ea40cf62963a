import ApusIR
import ApusTensor
import Testing

@Suite struct QuantizeTests {
  typealias Probe = NumberProbe

  @Test func roundsTiesToEvenAndSaturates() throws {
    let x = try Probe.real([-3, -0.5, 0.5, 1.5, 2.5, 300, .nan, .infinity], [8])
    let zero = try HostTensor(.uint8, shape: [], .unsigned([2]))
    let found = try Probe.run(Quantize(), [x, Probe.real([1], []), zero])[0]
    #expect(try found.integers() == [0, 2, 2, 4, 4, 255, 2, 255])
  }

  @Test func quotientsRoundToThePrecision() throws {
    // Half precision has no 2049.
    let x = try Probe.real([2049], [1])
    var operation = Quantize(to: .int16)
    let scale = try Probe.real([1], [])
    #expect(try Probe.run(operation, [x, scale])[0].integers() == [2049])
    operation.precision = .float16
    #expect(try Probe.run(operation, [x, scale])[0].integers() == [2048])
  }

  @Test func axesAndBlocks() throws {
    let x = try Probe.real([1, 2, 3, 4, 5, 6], [2, 3])
    let rows = try Probe.run(Quantize(to: .int8, axis: 0), [x, Probe.real([1, 2], [2])])[0]
    #expect(try rows.integers() == [1, 2, 3, 2, 2, 3])
    let blocks = try Probe.run(
      Quantize(to: .int8, axis: 1, blockSize: 2), [x, Probe.real([1, 3, 2, 6], [2, 2])])[0]
    #expect(try blocks.integers() == [1, 2, 1, 2, 2, 1])
    #expect(throws: TypeError.self) {
      try Probe.type(
        Quantize(to: .int8, axis: 1, blockSize: 2),
        [TensorType(.float32, [2, 3]), TensorType(.float32, [2, 3])])
    }
  }

  @Test(arguments: [
    (ElementType.int4, [-8.0, 7]), (.uint4, [0, 15]), (.int2, [-2, 1]), (.uint2, [0, 3]),
    (.int16, [-1000, 1000]), (.float4e2m1, [-6, 6]),
  ])
  func narrowTypes(element: ElementType, expected: [Double]) throws {
    let x = try Probe.real([-1000, 1000], [2])
    let found = try Probe.run(Quantize(to: element), [x, Probe.real([1], [])])[0]
    #expect(try found.reals() == expected)
  }

  @Test func eightBitFloatsMaySaturate() throws {
    let x = try Probe.real([1e6], [1])
    var operation = Quantize(to: .float8e4m3fn)
    #expect(try Probe.reals(operation, [x, Probe.real([1], [])]) == [448])
    operation.saturate = false
    #expect(try Probe.reals(operation, [x, Probe.real([1], [])])[0].isNaN)
  }
}
