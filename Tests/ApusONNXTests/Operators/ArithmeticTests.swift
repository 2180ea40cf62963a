internal import ApusTensor
internal import Testing

@Suite struct ArithmeticImportTests {
  private let matrix = { try HostTensor.floats([1, 2, 3, 4], [2, 2]) }

  @Test(arguments: [7, 13, 14, 28]) func addBroadcasts(_ opset: Int) throws {
    #expect(try reals("Add", opset: opset, [matrix(), .floats([10, 20])]) == [11, 22, 13, 24])
  }

  @Test(arguments: [1, 6]) func legacyBroadcastStartsAtAnAxis(_ opset: Int) throws {
    let sum = try reals(
      "Add", opset: opset, [matrix(), .floats([10, 20])], [.int("broadcast", 1), .int("axis", 0)])
    #expect(sum == [11, 12, 23, 24])
    let suffix = try reals(
      "Mul", opset: opset, [matrix(), .floats([2, 3])], [.int("broadcast", 1)])
    #expect(suffix == [2, 6, 6, 12])
  }

  @Test func comparisonsSwap() throws {
    let left = try HostTensor.floats([1, 2, 3])
    let right = try HostTensor.floats([2, 2, 2])
    #expect(try run("Greater", opset: 13, [left, right])[0].booleans() == [false, false, true])
    #expect(
      try run("GreaterOrEqual", opset: 16, [left, right])[0].booleans() == [false, true, true])
    #expect(try run("Less", opset: 9, [left, right])[0].booleans() == [true, false, false])
    #expect(try run("LessOrEqual", opset: 12, [left, right])[0].booleans() == [true, true, false])
    #expect(try run("Equal", opset: 19, [left, right])[0].booleans() == [false, true, false])
  }

  @Test func logic() throws {
    let left = try HostTensor.flags([true, true, false, false])
    let right = try HostTensor.flags([true, false, true, false])
    #expect(try run("And", opset: 7, [left, right])[0].booleans() == [true, false, false, false])
    #expect(try run("Or", opset: 7, [left, right])[0].booleans() == [true, true, true, false])
    #expect(try run("Xor", opset: 7, [left, right])[0].booleans() == [false, true, true, false])
    #expect(try run("Not", opset: 1, [left])[0].booleans() == [false, false, true, true])
  }

  @Test func variadicOperatorsFold() throws {
    let operands = try [[1, 5], [4, 2], [1, 2]].map {
      try HostTensor.floats($0.map(Double.init(_:)))
    }
    #expect(try reals("Sum", opset: 13, operands) == [6, 9])
    #expect(try reals("Mean", opset: 13, operands) == [2, 3])
    #expect(try reals("Max", opset: 8, operands) == [4, 5])
    #expect(try reals("Min", opset: 13, operands) == [1, 2])
    #expect(try reals("Max", opset: 6, [operands[0]]) == [1, 5])
  }

  @Test func powerKeepsTheBaseType() throws {
    let base = try HostTensor.longs([2, 3])
    let result = try run("Pow", opset: 15, [base, .floats([2, 0.5])])[0]
    #expect(result.element == .int64)
    #expect(try result.integers() == [4, 1])
    #expect(try reals("Pow", opset: 12, [.floats([2, 3]), base]) == [4, 27])
  }

  @Test func moduloFollowsTheDivisorUnlessFmod() throws {
    let left = try HostTensor.longs([-4, 7, 5, 4, -7, 8])
    let right = try HostTensor.longs([2, -3, 8, -2, 3, 5])
    #expect(try run("Mod", opset: 13, [left, right])[0].integers() == [0, -2, 5, 0, 2, 3])
    #expect(
      try run("Mod", opset: 10, [left, right], [.int("fmod", 1)])[0].integers()
        == [0, 1, 5, 0, -1, 3])
  }

  @Test func clipTakesAttributesThenOperands() throws {
    let x = try HostTensor.floats([-2, 0, 2])
    #expect(try reals("Clip", opset: 6, [x], [.float("min", -1), .float("max", 1)]) == [-1, 0, 1])
    #expect(try reals("Clip", opset: 6, [x]) == [-2, 0, 2])
    let low = try HostTensor.scalar(-1, as: .float32)
    let high = try HostTensor.scalar(1, as: .float32)
    #expect(try reals("Clip", opset: 11, [x, low, high]) == [-1, 0, 1])
    #expect(try reals("Clip", opset: 13, [x, nil, high]) == [-2, 0, 1])
    #expect(try reals("Clip", opset: 12, [x]) == [-2, 0, 2])
  }

  @Test(arguments: [
    ("ReduceSum", [3.0, 7]), ("ReduceMean", [1.5, 3.5]), ("ReduceMax", [2, 4]),
    ("ReduceMin", [1, 3]), ("ReduceProd", [2, 12]), ("ReduceL1", [3, 7]),
    ("ReduceL2", [2.236068, 5]), ("ReduceSumSquare", [5, 25]),
    ("ReduceLogSum", [1.0986123, 1.9459101]), ("ReduceLogSumExp", [2.3132617, 4.3132617]),
  ]) func reductionsTakeAxesBothWays(_ operation: String, _ expected: [Double]) throws {
    let attributes = try reals(
      operation, opset: 11, [matrix()], [.ints("axes", [-1]), .int("keepdims", 0)])
    #expect(close(attributes, expected))
    let operands = try reals(
      operation, opset: 18, [matrix(), .longs([1])], [.int("keepdims", 0)], constants: [1])
    #expect(close(operands, expected))
    let none = try reals(
      operation, opset: 18, [matrix()], [.int("noop_with_empty_axes", 1)])
    #expect(none.count == 4)
  }

  @Test func cumulativeSums() throws {
    let axis = try HostTensor.longs([0], [])
    let x = try HostTensor.floats([1, 2, 3])
    #expect(try reals("CumSum", opset: 11, [x, axis]) == [1, 3, 6])
    #expect(
      try reals("CumSum", opset: 14, [x, axis], [.int("exclusive", 1), .int("reverse", 1)])
        == [5, 3, 0])
  }

  @Test func whereChooses() throws {
    let condition = try HostTensor.flags([true, false])
    #expect(
      try reals("Where", opset: 16, [condition, .floats([1, 2]), .floats([3, 4])]) == [1, 4])
  }
}
