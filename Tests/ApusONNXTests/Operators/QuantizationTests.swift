internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct QuantizationImportTests {
  private func bytes(_ values: [UInt64], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.uint8, shape: shape, .unsigned(values))
  }

  private func int8(_ values: [Int64], _ shape: [Int]) throws -> HostTensor {
    try HostTensor(.int8, shape: shape, .signed(values))
  }

  @Test func attributesComeWithTheirOpsets() throws {
    let x = try HostTensor.floats([-1, 0.5, 3])
    let scale = try HostTensor.floats([0.5], [])
    #expect(try run("QuantizeLinear", opset: 10, [x, scale])[0].integers() == [0, 1, 6])
    let narrow = try run("QuantizeLinear", opset: 21, [x, scale], [.int("output_dtype", 22)])[0]
    #expect(narrow.element == .int4)
    #expect(try narrow.integers() == [-2, 1, 6])
    #expect(throws: (any Error).self) {
      try run("QuantizeLinear", opset: 13, [x, scale], [.int("output_dtype", 22)])
    }
    let half = try run(
      "DequantizeLinear", opset: 23, [bytes([4], [1]), scale], [.int("output_dtype", 10)])[0]
    #expect(half.element == .float16)
    #expect(try half.reals() == [2])
  }

  @Test func dynamicRangesContainZero() throws {
    let found = try run(
      "DynamicQuantizeLinear", opset: 11, [.floats([1, 2, 5.1])], outputs: 3)
    #expect(close(try found[1].reals(), [0.02]))
    #expect(try found[2].integers() == [0])
    #expect(try found[0].integers() == [50, 100, 255])
    let flat = try run("DynamicQuantizeLinear", opset: 11, [.floats([0, 0])], outputs: 3)
    #expect(try flat[0].integers() == [0, 0])
  }

  @Test(arguments: [false, true])
  func integerProducts(unranked: Bool) throws {
    let a = try bytes([1, 2, 3, 4], [2, 2])
    let b = try int8([1, -1, 2, -2], [2, 2])
    let product = try run(
      "MatMulInteger", opset: 10, [a, b, bytes([1], []), int8([1, -1], [2])], unranked: unranked)[0]
    #expect(product.element == .int32)
    #expect(try product.integers() == [1, -1, 3, -3])
    let image = try bytes([1, 2, 3, 4], [1, 1, 2, 2])
    let weight = try int8([1, 1, 2, 2], [2, 1, 1, 2])
    let sums = try run(
      "ConvInteger", opset: 10, [image, weight, bytes([1], []), int8([0, 1], [2])],
      [.ints("pads", [0, 1, 0, 0])], unranked: unranked)[0]
    #expect(try sums.integers() == [0, 1, 2, 5, 0, 1, 2, 5])
  }

  @Test func quantizedProducts() throws {
    let scale = try HostTensor.floats([0.5], [])
    let a = try bytes([2, 4], [1, 2])
    let b = try bytes([1, 2, 3, 4], [2, 2])
    let zero = try bytes([1], [])
    // ((1, 3) · (0, 1; 2, 3)) · 0.5 = (3, 5), and the zero point.
    let found = try run(
      "QLinearMatMul", opset: 10, [a, scale, zero, b, scale, zero, scale, zero])[0]
    #expect(try found.integers() == [4, 6])
    let image = try bytes([1, 3], [1, 1, 2])
    let weight = try bytes([2, 3], [2, 1, 1])
    let bias = try HostTensor(.int32, shape: [2], .signed([1, 2]))
    let convolved = try run(
      "QLinearConv", opset: 10,
      [image, scale, zero, weight, .floats([0.5, 1]), bytes([1, 1], [2]), scale, zero, bias])[0]
    #expect(try convolved.integers() == [1, 3, 3, 7])
  }
}
