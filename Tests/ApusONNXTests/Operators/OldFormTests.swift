internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

/// Operators in the forms of opsets that no newer case can stand for.
@Suite struct OldFormTests {
  private let matrix = { try HostTensor.floats([1, 2, 3, 4], [2, 2]) }
  private let consumed = Onnx_AttributeProto.ints("consumed_inputs", [0, 0])

  @Test(arguments: [
    ("Add", [11.0, 12, 23, 24]), ("Sub", [-9, -8, -17, -16]), ("Mul", [10, 20, 60, 80]),
    ("Div", [0.1, 0.2, 0.15, 0.2]),
  ])
  func arithmeticFromAnAxisOn(name: String, expected: [Double]) throws {
    let attributes: [Onnx_AttributeProto] = [.int("broadcast", 1), .int("axis", 0)]
    let operands = try [matrix(), .floats([10, 20])]
    #expect(close(try reals(name, opset: 1, operands, attributes + [consumed]), expected))
    #expect(close(try reals(name, opset: 6, operands, attributes), expected))
    #expect(try run(name, opset: 1, [matrix(), matrix()])[0].shape == [2, 2])
  }

  @Test func powersFromAnAxisOn() throws {
    let attributes: [Onnx_AttributeProto] = [.int("broadcast", 1), .int("axis", 0)]
    #expect(try reals("Pow", opset: 1, [matrix(), .floats([1, 2])], attributes) == [1, 2, 9, 16])
  }

  @Test(arguments: [
    ("And", [true, false, false, false]), ("Or", [true, true, true, false]),
    ("Xor", [false, true, true, false]),
  ])
  func logicFromAnAxisOn(name: String, expected: [Bool]) throws {
    let left = try HostTensor(.bool, shape: [2, 2], .boolean([true, false, true, false]))
    let attributes: [Onnx_AttributeProto] = [.int("broadcast", 1), .int("axis", 0)]
    let found = try run(name, opset: 1, [left, .flags([true, false])], attributes)[0]
    #expect(try found.booleans() == expected)
  }

  @Test(arguments: [
    ("Equal", [true, false, false, false]), ("Less", [false, false, false, true]),
    ("Greater", [false, true, true, false]),
  ])
  func comparisonsFromAnAxisOn(name: String, expected: [Bool]) throws {
    let left = try HostTensor(
      name == "Equal" ? .int64 : .float32, shape: [2, 2], .signed([1, 2, 6, 4]))
    let right = try HostTensor(name == "Equal" ? .int64 : .float32, shape: [2], .signed([1, 5]))
    let attributes: [Onnx_AttributeProto] = [.int("broadcast", 1), .int("axis", 0)]
    #expect(try run(name, opset: 1, [left, right], attributes)[0].booleans() == expected)
  }

  @Test(arguments: [
    ("Max", [3.0, 5]), ("Min", [1, 2]), ("Sum", [4, 7]), ("Mean", [2, 3.5]),
  ])
  func folds(name: String, expected: [Double]) throws {
    let operands = try [HostTensor.floats([1, 5]), .floats([3, 2])]
    #expect(try reals(name, opset: 1, operands, [consumed]) == expected)
    #expect(try reals(name, opset: 6, operands) == expected)
  }

  @Test func castsByName() throws {
    let found = try run("Cast", opset: 1, [.floats([1.5, -2])], [.string("to", "INT32")])[0]
    #expect(found.element == .int32)
    #expect(try found.integers() == [1, -2])
  }

  @Test(arguments: [1, 6])
  func productsAndSlopes(opset: Int) throws {
    let found = try reals(
      "Gemm", opset: opset, [matrix(), matrix(), .floats([1, 2])], [.int("broadcast", 1)])
    #expect(found == [8, 12, 16, 24])
    let x = try HostTensor.floats([-1, -2, -3, 4], [1, 2, 2])
    #expect(try reals("PRelu", opset: opset, [x, .floats([2, 3])]) == [-2, -4, -9, 4])
  }

  @Test(arguments: [1, 11])
  func softmaxOverAllThatFollows(opset: Int) throws {
    let x = try HostTensor.floats([0, 0, 0, 0], [1, 2, 2])
    #expect(try reals("Softmax", opset: opset, [x]) == [0.25, 0.25, 0.25, 0.25])
    #expect(
      close(try reals("LogSoftmax", opset: opset, [x]), Array(repeating: -1.3862944, count: 4)))
  }

  @Test(arguments: [
    ("ReduceL1", [3.0, 7]), ("ReduceL2", [2.236068, 5]), ("ReduceLogSum", [1.0986123, 1.9459101]),
    ("ReduceLogSumExp", [2.3132617, 4.3132617]), ("ReduceMean", [1.5, 3.5]), ("ReduceSum", [3, 7]),
    ("ReduceSumSquare", [5, 25]), ("ReduceMax", [2, 4]), ("ReduceMin", [1, 3]),
    ("ReduceProd", [2, 12]),
  ])
  func reductionsByAttribute(name: String, expected: [Double]) throws {
    for opset in [1, 11, 13] where opset < 13 || name != "ReduceSum" {
      let found = try run(
        name, opset: opset, [matrix()], [.ints("axes", [1]), .int("keepdims", 0)])[0]
      #expect(found.shape == [2])
      #expect(close(try found.reals(), expected))
    }
  }

  @Test func blocksToSpace() throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [1, 4, 1, 1])
    let found = try run("DepthToSpace", opset: 1, [x], [.int("blocksize", 2)])[0]
    #expect(found.shape == [1, 1, 2, 2])
    #expect(try found.reals() == [1, 2, 3, 4])
  }

  @Test(arguments: [1, 6, 7, 9])
  func batchNormalization(opset: Int) throws {
    let x = try HostTensor.floats([1, 2, 3, 4], [1, 2, 2])
    let parameters = try [[2.0, 1], [0, 1], [1, 3], [4, 1]].map { try HostTensor.floats($0) }
    var attributes: [Onnx_AttributeProto] = [.float("epsilon", 0)]
    if opset < 7 { attributes.append(.int("is_test", 1)) }
    if opset < 6 { attributes.append(consumed) }
    #expect(
      try reals("BatchNormalization", opset: opset, [x] + parameters, attributes) == [0, 1, 1, 2])
    guard opset < 9 else { return }
    let positions = try [[2.0, 2, 1, 1], [0, 0, 1, 1], [1, 1, 3, 3], [4, 4, 1, 1]].map {
      try HostTensor.floats($0, [2, 2])
    }
    #expect(
      try reals(
        "BatchNormalization", opset: opset, [x] + positions, attributes + [.int("spatial", 0)])
        == [0, 1, 1, 2])
  }

  @Test func groupNormalizationOfOpset18() throws {
    let x = try HostTensor.floats([1, 3, 2, 6], [1, 4, 1])
    let found = try reals(
      "GroupNormalization", opset: 18, [x, .floats([1, 2]), .floats([0, 1])],
      [.int("num_groups", 2), .float("epsilon", 0)])
    #expect(close(found, [-1, 1, -1, 3]))
  }
}
