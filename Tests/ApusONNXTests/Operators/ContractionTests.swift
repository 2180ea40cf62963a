internal import ApusIR
internal import ApusTensor
internal import Testing

@Suite struct ContractionImportTests {
  private let matrix = { try HostTensor.floats([1, 2, 3, 4], [2, 2]) }

  @Test func matrixProduct() throws {
    #expect(try reals("MatMul", opset: 13, [matrix(), matrix()]) == [7, 10, 15, 22])
  }

  @Test func generalProduct() throws {
    #expect(try reals("Gemm", opset: 11, [matrix(), matrix()]) == [7, 10, 15, 22])
    let full = try reals(
      "Gemm", opset: 13, [matrix(), matrix(), .floats([1, 2])],
      [.float("alpha", 2), .float("beta", 3), .int("transA", 1), .int("transB", 1)])
    // AᵀBᵀ = (BA)ᵀ
    #expect(full == [17, 36, 23, 50])
    let legacy = try reals(
      "Gemm", opset: 6, [matrix(), matrix(), .floats([1, 1])], [.int("broadcast", 1)])
    #expect(legacy == [8, 11, 16, 23])
  }

  @Test func convolution() throws {
    let data = try HostTensor.floats((0..<9).map(Double.init(_:)), [1, 1, 3, 3])
    let weight = try HostTensor.floats([1, 1, 1, 1], [1, 1, 2, 2])
    #expect(try reals("Conv", opset: 11, [data, weight]) == [8, 12, 20, 24])
    #expect(
      try reals("Conv", opset: 1, [data, weight, .floats([1])], [.ints("kernel_shape", [2, 2])])
        == [9, 13, 21, 25])
    let strided = try run(
      "Conv", opset: 22, [data, weight], [.ints("strides", [2, 2]), .ints("pads", [1, 1, 0, 0])])[0]
    #expect(strided.shape == [1, 1, 2, 2])
    #expect(try strided.reals() == [0, 3, 9, 24])
    let same = try run("Conv", opset: 11, [data, weight], [.string("auto_pad", "SAME_UPPER")])[0]
    #expect(same.shape == [1, 1, 3, 3])
    let dilated = try reals("Conv", opset: 11, [data, weight], [.ints("dilations", [2, 2])])
    #expect(dilated == [16])
  }

  @Test func groupedConvolution() throws {
    let data = try HostTensor.floats([1, 2, 3, 4], [1, 2, 2, 1])
    let weight = try HostTensor.floats([10, 100], [2, 1, 1, 1])
    #expect(
      try reals("Conv", opset: 11, [data, weight], [.int("group", 2)]) == [10, 20, 300, 400])
  }

  @Test func pools() throws {
    let data = try HostTensor.floats((0..<9).map(Double.init(_:)), [1, 1, 3, 3])
    #expect(
      try reals("MaxPool", opset: 1, [data], [.ints("kernel_shape", [2, 2])]) == [4, 5, 7, 8])
    let indexed = try run(
      "MaxPool", opset: 12, [data],
      [.ints("kernel_shape", [2, 2]), .ints("strides", [2, 2]), .int("ceil_mode", 1)], outputs: 2)
    #expect(try indexed[0].reals() == [4, 5, 7, 8])
    #expect(try indexed[1].integers() == [4, 5, 7, 8])
    let padded = try reals(
      "AveragePool", opset: 7, [data],
      [.ints("kernel_shape", [2, 2]), .ints("pads", [1, 1, 0, 0])])
    #expect(padded == [0, 0.5, 1.5, 1.5, 2, 3, 4.5, 5, 6])
    let counted = try reals(
      "AveragePool", opset: 11, [data],
      [.ints("kernel_shape", [2, 2]), .ints("pads", [1, 1, 0, 0]), .int("count_include_pad", 1)])
    #expect(counted == [0, 0.25, 0.75, 0.75, 2, 3, 2.25, 5, 6])
    #expect(try reals("GlobalAveragePool", opset: 1, [data]) == [4])
    let global = try run("GlobalMaxPool", opset: 1, [data])[0]
    #expect(global.shape == [1, 1, 1, 1])
    #expect(try global.reals() == [8])
  }

  @Test func globalPoolsOfUnknownRank() throws {
    var builder = ModelBuilder(opset: 13)
    builder.input("x", .float32, nil)
    builder.node("GlobalAveragePool", ["x"], ["y"])
    builder.output("y")
    #expect(try builder.graph().outputs.count == 1)
  }
}
