internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct EinsumImportTests {
  private func einsum(_ equation: String, _ operands: [HostTensor]) throws -> HostTensor {
    try run("Einsum", opset: 12, operands, [.string("equation", equation)])[0]
  }

  private let a = { try HostTensor.floats([1, 2, 3, 4, 5, 6], [2, 3]) }
  private let b = { try HostTensor.floats([1, 0, 2, 1, 1, 3], [3, 2]) }

  @Test func productsAndSums() throws {
    #expect(try einsum("ij,jk->ik", [a(), b()]).reals() == [8, 11, 20, 23])
    #expect(try einsum("ij,jk", [a(), b()]).reals() == [8, 11, 20, 23])
    #expect(try einsum("ij -> ji", [a()]).reals() == [1, 4, 2, 5, 3, 6])
    #expect(try einsum("ij->", [a()]).reals() == [21])
    #expect(try einsum("ij,jk->", [a(), b()]).reals() == [62])
    #expect(try einsum("i,j->ij", [.floats([1, 2]), .floats([3, 4])]).reals() == [3, 4, 6, 8])
    #expect(try einsum("ij,ij->i", [a(), a()]).reals() == [14, 77])
    #expect(try einsum("Aa,aB", [a(), b()]).shape == [2, 2])
  }

  @Test func diagonalsScalarsAndChains() throws {
    let square = try HostTensor.floats([1, 2, 3, 4], [2, 2])
    #expect(try einsum("ii->i", [square]).reals() == [1, 4])
    #expect(try einsum("ii", [square]).reals() == [5])
    #expect(try einsum(",ij->ij", [.floats([2], []), square]).reals() == [2, 4, 6, 8])
    #expect(
      try einsum("ij,jk,kl->il", [square, square, square]).reals() == [37, 54, 81, 118])
    let longs = try HostTensor.longs([1, 2, 3, 4], [2, 2])
    #expect(try einsum("ij,jk", [longs, longs]).integers() == [7, 10, 15, 22])
  }

  @Test func ellipsesAndStretching() throws {
    let batch = try HostTensor.floats((0..<12).map(Double.init), [2, 2, 3])
    let found = try einsum("...ij,jk->...ik", [batch, b()])
    #expect(found.shape == [2, 2, 2])
    #expect(try einsum("...->...", [batch]).shape == [2, 2, 3])
    #expect(try einsum("i...->...", [batch]).reals() == [6, 8, 10, 12, 14, 16])
    #expect(try einsum("...i,...i->...", [batch, batch]).reals() == [5, 50, 149, 302])
    #expect(
      try einsum("bi,bi->b", [.floats([1, 2], [1, 2]), .floats([1, 2, 3, 4], [2, 2])]).reals()
        == [5, 11])
    #expect(
      try einsum("bi,ij->bj", [.floats([1, 2], [2, 1]), .floats([1, 2, 3, 4], [2, 2])]).reals()
        == [4, 6, 8, 12])
  }

  @Test(arguments: ["ij->ik", "ij->ii", "i?->i", "ij,jk->ik", "i..j->ij", "ijk->i"])
  func refusals(equation: String) throws {
    var builder = ModelBuilder(opset: 12)
    builder.input("x", .float32, [2, 3])
    builder.node("Einsum", ["x"], ["y"], [.string("equation", equation)])
    builder.output("y")
    #expect(builder.failure().contains("node 'y' (Einsum"))
  }
}

@Suite struct VisionImportTests {
  @Test func normsOfWindows() throws {
    let x = try HostTensor.floats([3, -4, 0, 12], [1, 1, 4])
    let kernel = Onnx_AttributeProto.ints("kernel_shape", [2])
    for opset in [2, 11, 18, 22] {
      #expect(close(try reals("LpPool", opset: opset, [x], [kernel]), [5, 4, 12]))
    }
    #expect(
      close(try reals("LpPool", opset: 1, [x], [kernel, .float("p", 1)]), [7, 4, 12]))
    #expect(close(try reals("GlobalLpPool", opset: 1, [x], [.float("p", 2)]), [13]))
    #expect(close(try reals("GlobalLpPool", opset: 2, [x], [.int("p", 1)]), [19]))
    #expect(close(try reals("GlobalLpPool", opset: 22, [x], [.int("p", 3)]), [12.2070706], 1e-3))
  }

  @Test func transposedConvolutions() throws {
    let x = try HostTensor.floats([1, 2], [1, 1, 2])
    let w = try HostTensor.floats([1, 10, 100], [1, 1, 3])
    for opset in [1, 11, 22] {
      #expect(try reals("ConvTranspose", opset: opset, [x, w]) == [1, 12, 120, 200])
      let attributes: [Onnx_AttributeProto] = [
        .ints("strides", [2]), .ints("output_shape", [5]), .ints("kernel_shape", [3]),
      ]
      #expect(
        try reals("ConvTranspose", opset: opset, [x, w, .floats([1])], attributes)
          == [2, 11, 103, 21, 201])
    }
  }

  @Test func regionsWithoutHalfPixels() throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [1, 1, 2, 2])
    let rois = try HostTensor.floats([0, 0, 1, 1], [1, 4])
    let batch = try HostTensor.longs([0])
    #expect(try reals("RoiAlign", opset: 10, [x, rois, batch]) == [2.5])
    #expect(try reals("RoiAlign", opset: 16, [x, rois, batch]) == [1])
    let boxes = try HostTensor.floats([0, 0, 0, 1, 1], [1, 5])
    #expect(
      try reals("MaxRoiPool", opset: 1, [x, boxes], [.ints("pooled_shape", [1, 1])]) == [4])
  }

  @Test func samplers() throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [1, 1, 2, 2])
    let grid = try HostTensor.floats([0, 0], [1, 1, 1, 2])
    #expect(try reals("GridSample", opset: 16, [x, grid], [.string("mode", "bilinear")]) == [2.5])
    #expect(try reals("GridSample", opset: 22, [x, grid], [.string("mode", "linear")]) == [2.5])
  }
}

@Suite struct SignalImportTests {
  @Test func transformAxes() throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [2, 2, 1])
    let rows = [4.0, 0, 6, 0, -2, 0, -2, 0]
    #expect(try reals("DFT", opset: 17, [x], [.int("axis", 0)]) == rows)
    #expect(try reals("DFT", opset: 20, [x, nil, .longs([0], [])]) == rows)
    #expect(try reals("DFT", opset: 20, [x]) == [3, 0, -1, 0, 7, 0, -1, 0])
  }

  @Test(arguments: [false, true])
  func frames(unranked: Bool) throws {
    let x = try HostTensor.floats([1, 2, 3, 4, 5], [1, 5, 1])
    let found = try run(
      "STFT", opset: 17, [x, .longs([2], []), .floats([1, 1, 1])], unranked: unranked)[0]
    #expect(found.shape == [1, 2, 2, 2])
    let values = try found.reals()
    #expect(close([values[0], values[4]], [6, 12]))
    let whole = try run(
      "STFT", opset: 17, [x, .longs([1], []), nil, .longs([5], [])], [.int("onesided", 0)],
      unranked: unranked)[0]
    #expect(whole.shape == [1, 1, 5, 2])
  }
}
