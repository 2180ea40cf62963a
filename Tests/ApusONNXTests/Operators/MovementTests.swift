internal import ApusTensor
internal import Testing

@Suite struct MovementImportTests {
  private let six = { try HostTensor.floats([0, 1, 2, 3, 4, 5], [2, 3]) }

  @Test func reshapeTakesAttributeThenOperand() throws {
    #expect(try run("Reshape", opset: 1, [six()], [.ints("shape", [3, -1])])[0].shape == [3, 2])
    let shape = try HostTensor.longs([0, -1, 1])
    #expect(
      try run("Reshape", opset: 5, [six(), shape], constants: [1])[0].shape == [2, 3, 1])
    let empty = try HostTensor(zeros: .float32, shape: [0, 3])
    #expect(
      try run(
        "Reshape", opset: 14, [empty, .longs([3, 0])], [.int("allowzero", 1)], constants: [1])[0]
        .shape == [3, 0])
  }

  @Test func squeezeAndUnsqueeze() throws {
    let x = try HostTensor.floats([1, 2], [1, 2, 1])
    #expect(try run("Squeeze", opset: 11, [x], [.ints("axes", [-1])])[0].shape == [1, 2])
    #expect(try run("Squeeze", opset: 13, [x, .longs([0])], constants: [1])[0].shape == [2, 1])
    #expect(try run("Squeeze", opset: 13, [x])[0].shape == [2])
    #expect(
      try run("Unsqueeze", opset: 11, [six()], [.ints("axes", [0, 3])])[0].shape == [1, 2, 3, 1])
    #expect(
      try run("Unsqueeze", opset: 13, [six(), .longs([1])], constants: [1])[0].shape == [2, 1, 3])
  }

  @Test func transposeAndFlatten() throws {
    #expect(try reals("Transpose", opset: 13, [six()]) == [0, 3, 1, 4, 2, 5])
    #expect(try run("Flatten", opset: 13, [six()], [.int("axis", 0)])[0].shape == [1, 6])
  }

  @Test func sliceTakesAttributesThenOperands() throws {
    let attributes = try reals(
      "Slice", opset: 1, [six()], [.ints("starts", [1]), .ints("ends", [3]), .ints("axes", [1])])
    #expect(attributes == [1, 2, 4, 5])
    let bounds = try [[1], [3], [1]].map { try HostTensor.longs($0.map(Int64.init(_:))) }
    #expect(try reals("Slice", opset: 10, [six()] + bounds, constants: [1, 2, 3]) == [1, 2, 4, 5])
    let steps = try HostTensor.longs([-1])
    let reversed = try reals(
      "Slice", opset: 13, [six(), .longs([2]), .longs([-100]), .longs([1]), steps],
      constants: [1, 2, 3, 4])
    #expect(reversed == [2, 1, 0, 5, 4, 3])
    let narrow = try HostTensor(.int32, shape: [1], .signed([1]))
    #expect(try reals("Slice", opset: 13, [six(), narrow, narrow], constants: [1, 2]).isEmpty)
  }

  @Test func splitCountsOrSizes() throws {
    let even = try run("Split", opset: 2, [six()], [.int("axis", 1)], outputs: 3)
    #expect(try even.map { try $0.reals() } == [[0, 3], [1, 4], [2, 5]])
    let sized = try run(
      "Split", opset: 11, [six()], [.int("axis", 1), .ints("split", [1, 2])], outputs: 2)
    #expect(sized.map(\.shape) == [[2, 1], [2, 2]])
    let operand = try run(
      "Split", opset: 13, [six(), .longs([2, 1])], [.int("axis", -1)], constants: [1], outputs: 2)
    #expect(operand.map(\.shape) == [[2, 2], [2, 1]])
    let uneven = try run(
      "Split", opset: 18, [six()], [.int("axis", 1), .int("num_outputs", 2)], outputs: 2)
    #expect(uneven.map(\.shape) == [[2, 2], [2, 1]])
  }

  @Test func concatenation() throws {
    #expect(
      try run("Concat", opset: 13, [six(), six()], [.int("axis", 0)])[0].shape == [4, 3])
    #expect(try run("Concat", opset: 1, [six(), six()])[0].shape == [2, 6])
  }

  @Test func gathers() throws {
    #expect(
      try reals("Gather", opset: 13, [six(), .longs([2, -3])], [.int("axis", 1)]) == [2, 0, 5, 3])
    #expect(
      try reals("GatherElements", opset: 13, [six(), .longs([2, 0], [2, 1])], [.int("axis", 1)])
        == [2, 3])
    #expect(try reals("GatherND", opset: 13, [six(), .longs([1, 0], [1, 2])]) == [3])
    #expect(
      try reals("GatherND", opset: 12, [six(), .longs([1, 0], [2, 1])], [.int("batch_dims", 1)])
        == [1, 3])
  }

  @Test func expandTileAndRange() throws {
    #expect(
      try reals("Expand", opset: 13, [.floats([1, 2]), .longs([2, 2])], constants: [1])
        == [1, 2, 1, 2])
    let tiled = try run("Tile", opset: 13, [.floats([1, 2], [1, 2]), .longs([2, 2])])[0]
    #expect(tiled.shape == [2, 4])
    #expect(try tiled.reals() == [1, 2, 1, 2, 1, 2, 1, 2])
    let unranked = try run(
      "Tile", opset: 13, [.floats([1, 2], [1, 2]), .longs([2, 2])], constants: [1], unranked: true)
    #expect(try unranked[0].elements() == tiled.elements())
    #expect(unranked[0].shape == [2, 4])
    let bounds = try [10, 4, -3].map { try HostTensor.longs([$0], []) }
    #expect(try run("Range", opset: 11, bounds)[0].integers() == [10, 7])
  }

  @Test func shapes() throws {
    #expect(try run("Shape", opset: 13, [six()])[0].integers() == [2, 3])
    #expect(
      try run("Shape", opset: 15, [six()], [.int("start", -1)])[0].integers() == [3])
    #expect(try run("Size", opset: 13, [six()])[0].integers() == [6])
  }

  @Test func constantsInAllForms() throws {
    #expect(try reals("Constant", opset: 12, [], [.float("value_float", 2)]) == [2])
    #expect(try reals("Constant", opset: 12, [], [.floats("value_floats", [2, 3])]) == [2, 3])
    #expect(try run("Constant", opset: 12, [], [.int("value_int", 4)])[0].shape == [])
    #expect(
      try run("Constant", opset: 13, [], [.ints("value_ints", [4, 5])])[0].integers() == [4, 5])
    #expect(try reals("Constant", opset: 1, [], [.tensor("value", .floats([7]))]) == [7])
    #expect(
      try run("Constant", opset: 13, [], [.strings("value_strings", ["a", "b"])])[0].elements()
        == .text(["a", "b"]))
    #expect(
      try run("Constant", opset: 13, [], [.string("value_string", "a")])[0].elements()
        == .text(["a"]))
  }

  @Test func constantOfShapeDefaultsToZero() throws {
    let zeros = try run("ConstantOfShape", opset: 9, [.longs([2, 2])])[0]
    #expect(zeros.element == .float32)
    #expect(try zeros.reals() == [0, 0, 0, 0])
    let ones = try run(
      "ConstantOfShape", opset: 20, [.longs([2])], [.tensor("value", .longs([1]))])[0]
    #expect(try ones.integers() == [1, 1])
  }

  @Test func castsByNumberAndByName() throws {
    let x = try HostTensor.floats([1.5, -1.5])
    #expect(try run("Cast", opset: 13, [x], [.int("to", 7)])[0].integers() == [1, -1])
    #expect(try run("Cast", opset: 1, [x], [.string("to", "INT64")])[0].integers() == [1, -1])
    #expect(try run("CastLike", opset: 15, [x, .longs([0])])[0].element == .int64)
    let large = try HostTensor.floats([1000])
    let saturated = try run("Cast", opset: 19, [large], [.int("to", 17)])[0]
    #expect(try saturated.reals() == [448])
    let overflown = try run("Cast", opset: 19, [large], [.int("to", 17), .int("saturate", 0)])[0]
    #expect(try overflown.reals().first?.isNaN == true)
  }

  @Test func dropoutInInference() throws {
    #expect(try reals("Dropout", opset: 7, [six()], [.float("ratio", 0.3)]) == [0, 1, 2, 3, 4, 5])
    let results = try run("Dropout", opset: 12, [six()], [.int("seed", 1)], outputs: 2)
    #expect(results[1].element == .bool)
    #expect(try results[1].booleans() == [Bool](repeating: true, count: 6))
  }

  @Test func blocksMoveBetweenDepthAndSpace() throws {
    let x = try HostTensor.floats((0..<8).map(Double.init(_:)), [1, 8, 1, 1])
    let deep = try run("DepthToSpace", opset: 13, [x], [.int("blocksize", 2)])[0]
    #expect(deep.shape == [1, 2, 2, 2])
    #expect(try deep.reals() == [0, 2, 4, 6, 1, 3, 5, 7])
    let columns = try reals(
      "DepthToSpace", opset: 11, [x], [.int("blocksize", 2), .string("mode", "CRD")])
    #expect(columns == [0, 1, 2, 3, 4, 5, 6, 7])
    let back = try reals("SpaceToDepth", opset: 13, [deep], [.int("blocksize", 2)])
    #expect(back == [0, 1, 2, 3, 4, 5, 6, 7])
  }
}
