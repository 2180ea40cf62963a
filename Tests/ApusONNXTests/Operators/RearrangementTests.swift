internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@Suite struct RearrangementImportTests {
  private let three = { try HostTensor.floats([1, 2, 3]) }

  @Test func padsAreAttributesThenOperands() throws {
    let expected = [9.0, 1, 2, 3, 9, 9]
    let value = Onnx_AttributeProto.float("value", 9)
    #expect(try reals("Pad", opset: 1, [three()], [.ints("paddings", [1, 2]), value]) == expected)
    #expect(try reals("Pad", opset: 2, [three()], [.ints("pads", [1, 2]), value]) == expected)
    let pads = try HostTensor.longs([1, 2])
    #expect(try reals("Pad", opset: 11, [three(), pads, .floats([9], [])]) == expected)
    let axes = try HostTensor(.int32, shape: [1], .signed([-1]))
    #expect(try reals("Pad", opset: 18, [three(), pads, .floats([9], [1]), axes]) == expected)
    #expect(
      try reals("Pad", opset: 19, [three(), pads], [.string("mode", "wrap")])
        == [3, 1, 2, 3, 1, 2])
    var builder = ModelBuilder(opset: 18)
    builder.input("x", .float32, [3])
    builder.initializer("pads", pads)
    builder.node("Pad", ["x", "pads"], ["y"], [.string("mode", "mirror")])
    builder.output("y")
    #expect(builder.failure().contains("'constant', 'reflect', 'edge'"))
  }

  @Test(arguments: [false, true])
  func centreCropsAndPads(unranked: Bool) throws {
    let x = try HostTensor.floats((0..<12).map(Double.init), [3, 4])
    let shape = try HostTensor.longs([5, 1])
    let found = try run("CenterCropPad", opset: 18, [x, shape], unranked: unranked)[0]
    #expect(found.shape == [5, 1])
    #expect(try found.reals() == [0, 1, 5, 9, 0])
    let columns = try run(
      "CenterCropPad", opset: 18, [x, .longs([2])], [.ints("axes", [-1])], unranked: unranked)[0]
    #expect(try columns.reals() == [1, 2, 5, 6, 9, 10])
  }

  @Test func upsampleInAllItsForms() throws {
    let x = try HostTensor.floats([1, 2], [1, 1, 1, 2])
    let expected = [1.0, 1, 2, 2]
    #expect(
      try reals(
        "Upsample", opset: 1, [x], [.float("height_scale", 1), .float("width_scale", 2)])
        == expected)
    #expect(
      try reals("Upsample", opset: 7, [x], [.floats("scales", [1, 1, 1, 2])]) == expected)
    let scales = try HostTensor.floats([1, 1, 1, 2])
    #expect(try reals("Upsample", opset: 9, [x, scales]) == expected)
    #expect(
      try reals("Upsample", opset: 9, [x, scales], [.string("mode", "linear")])
        == [1, 1.5, 2, 2])
    #expect(try reals("Resize", opset: 10, [x, scales]) == expected)
    let down = try reals(
      "Resize", opset: 10, [.floats([1, 2, 3, 4], [4]), .floats([0.6])])
    #expect(down == [1, 3])
  }

  @Test func resizeByScalesOrSizes() throws {
    let x = try HostTensor.floats([1, 2], [2])
    let none = try HostTensor.floats([], [0])
    let sizes = try HostTensor.longs([4])
    for opset in [11, 13, 18, 19] {
      #expect(try reals("Resize", opset: opset, [x, none, .floats([2])]) == [1, 1, 2, 2])
      #expect(try reals("Resize", opset: opset, [x, none, none, sizes]) == [1, 1, 2, 2])
      let known = try reals(
        "Resize", opset: opset, [x, nil, nil, sizes], [.string("mode", "linear")], constants: [3])
      #expect(known == [1, 1.25, 1.75, 2])
    }
  }

  @Test func nearestNeighboursOfOpset11() throws {
    let found = try reals(
      "Resize", opset: 11,
      [.floats([1, 2, 3, 4], [4]), .floats([], [0]), .floats([0.5])],
      [
        .string("coordinate_transformation_mode", "tf_half_pixel_for_nn"),
        .string("nearest_mode", "floor"),
      ])
    #expect(found == [2, 4])
  }

  @Test func topKTakesAttributeThenOperand() throws {
    #expect(try reals("TopK", opset: 1, [three()], [.int("k", 2)]) == [3, 2])
    let k = try HostTensor.longs([2])
    #expect(try reals("TopK", opset: 10, [three(), k]) == [3, 2])
    let low = try run("TopK", opset: 11, [three(), k], [.int("largest", 0)], outputs: 2)
    #expect(try low[1].integers() == [0, 1])
  }

  @Test func scatters() throws {
    let operands = try [three(), .longs([1, 1]), .floats([5, 6])]
    #expect(try reals("Scatter", opset: 9, operands) == [1, 6, 3])
    #expect(try reals("ScatterElements", opset: 11, operands) == [1, 6, 3])
    #expect(
      try reals("ScatterElements", opset: 16, operands, [.string("reduction", "add")])
        == [1, 13, 3])
    let tuples = try [three(), .longs([1, 1], [2, 1]), .floats([5, 6])]
    #expect(
      try reals("ScatterND", opset: 18, tuples, [.string("reduction", "max")]) == [1, 6, 3])
  }

  @Test(arguments: [false, true])
  func masks(unranked: Bool) throws {
    let x = try HostTensor(zeros: .float32, shape: [2, 3])
    let eye = try run(
      "EyeLike", opset: 9, [x], [.int("k", 1), .int("dtype", 7)], unranked: unranked)[0]
    #expect(try eye.integers() == [0, 1, 0, 0, 0, 1])
    let indices = try HostTensor.floats([0, -1, 7])
    let lit = try run(
      "OneHot", opset: 11, [indices, .floats([2], [1]), .longs([3, 4])], [.int("axis", 0)],
      unranked: unranked)[0]
    #expect(lit.shape == [2, 3])
    #expect(try lit.integers() == [4, 3, 3, 3, 4, 3])
    let upper = try run(
      "Trilu", opset: 14, [.floats([1, 2, 3, 4], [2, 2])], unranked: unranked)[0]
    #expect(try upper.reals() == [1, 2, 0, 4])
  }

  @Test func bitsAndSpecialValues() throws {
    let x = try HostTensor.floats([1, .nan, .infinity, -.infinity])
    #expect(try run("IsNaN", opset: 9, [x])[0].booleans() == [false, true, false, false])
    #expect(try run("IsInf", opset: 10, [x])[0].booleans() == [false, false, true, true])
    #expect(
      try run("IsInf", opset: 20, [x], [.int("detect_negative", 0)])[0].booleans()
        == [false, false, true, false])
    let none: [Onnx_AttributeProto] = [.int("detect_negative", 0), .int("detect_positive", 0)]
    #expect(try run("IsInf", opset: 20, [x], none)[0].booleans().allSatisfy { !$0 })
    let narrow = try HostTensor(.float8e5m2, shape: [2], bytes: [0x7c, 0x7b])
    #expect(try run("IsInf", opset: 20, [narrow])[0].booleans() == [true, false])
    let bytes = try HostTensor(.uint8, shape: [2], .unsigned([0, 200]))
    #expect(try run("BitwiseNot", opset: 18, [bytes])[0].integers() == [255, 55])
    #expect(
      try run("BitShift", opset: 11, [bytes, bytes], [.string("direction", "LEFT")])[0].integers()
        == [0, 0])
  }

  @Test(arguments: [false, true])
  func hardmaxFlattensAtFirst(unranked: Bool) throws {
    let x = try HostTensor.floats([1, 3, 3, 0], [1, 2, 2])
    #expect(
      try run("Hardmax", opset: 1, [x], unranked: unranked)[0].reals() == [0, 1, 0, 0])
    #expect(
      try run("Hardmax", opset: 13, [x], unranked: unranked)[0].reals() == [0, 1, 1, 0])
    let places = try run(
      "ArgMax", opset: 12, [x], [.int("axis", 1), .int("keepdims", 0)], unranked: unranked)[0]
    #expect(try places.integers() == [1, 0])
  }
}
