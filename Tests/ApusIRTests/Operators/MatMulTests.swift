import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct MatMulTests {
  typealias Probe = NumberProbe

  @Test func stacksBroadcast() throws {
    let left = try Probe.real([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])
    let right = try Probe.real([1, 0, 0, 2], [2, 2])
    let found = try Probe.run(MatMul(), [left, right])[0]
    #expect(found.shape == [2, 2, 2])
    #expect(try found.reals() == [1, 4, 3, 8, 5, 12, 7, 16])
  }

  @Test func vectors() throws {
    let row = try Probe.real([1, 2], [2])
    let matrix = try Probe.real([1, 2, 3, 4], [2, 2])
    #expect(try Probe.run(MatMul(), [row, row])[0].shape == [])
    #expect(try Probe.reals(MatMul(), [row, row]) == [5])
    #expect(try Probe.reals(MatMul(), [row, matrix]) == [7, 10])
    #expect(try Probe.reals(MatMul(), [matrix, row]) == [5, 11])
  }

  @Test func permutationsEqualTransposes() throws {
    let left = try Probe.real((0..<12).map(Double.init), [3, 2, 2])
    let right = try Probe.real((0..<12).map { Double($0 * 2 - 5) }, [2, 3, 2])
    let direct = try Probe.run(
      MatMul(
        leftPermutation: [1, 0, 2], rightPermutation: [0, 2, 1], resultPermutation: [2, 0, 1]),
      [left, right])[0]
    let a = try Probe.run(Transpose([1, 0, 2]), [left])[0]
    let b = try Probe.run(Transpose([0, 2, 1]), [right])[0]
    let product = try Probe.run(MatMul(), [a, b])[0]
    let expected = try Probe.run(Transpose([2, 0, 1]), [product])[0]
    #expect(direct.shape == expected.shape)
    #expect(try direct.reals() == expected.reals())
  }

  @Test func epilogueSeesTheResult() throws {
    let program = try Program(text: "(f32, f32) { operand 0; operand 1; add 0 1 } -> 2:f32")
    let matrix = try Probe.real([1, 0, 0, 1], [2, 2])
    let found = try Probe.reals(
      MatMul(epilogue: program), [matrix, matrix, Probe.real([10, 20], [2])])
    #expect(found == [11, 20, 10, 21])
  }

  @Test func emptyInnerAxisGivesZeros() throws {
    let found = try Probe.run(MatMul(), [Probe.real([], [2, 0]), Probe.real([], [0, 1])])[0]
    #expect(try found.reals() == [0, 0])
  }

  @Test func innerExtentsMustAgree() {
    #expect(throws: TypeError.extents(operand: "right", found: 4, expected: 3)) {
      try Probe.type(MatMul(), [TensorType(.float32, [2, 3]), TensorType(.float32, [4, 2])])
    }
  }

  /// Every element alone equals the element of the whole result.
  @Test(arguments: [
    ([5], [5], MatMul()),
    ([5], [2, 5, 3], MatMul()),
    ([4, 3, 5], [5], MatMul()),
    ([4, 1, 3, 5], [2, 5, 6], MatMul()),
    (
      [3, 4, 2], [2, 5, 4],
      MatMul(
        leftPermutation: [2, 0, 1], rightPermutation: [0, 2, 1], resultPermutation: [1, 2, 0])
    ),
  ])
  func elementsAlone(left: [Int], right: [Int], product: MatMul) throws {
    let a = try Probe.real((0..<left.reduce(1, *)).map { Double($0 % 7) - 3 }, left)
    let b = try Probe.real((0..<right.reduce(1, *)).map { Double($0 % 5) - 2 }, right)
    try Probe.expectElementsAlone(product, [a, b])
    var fused = product
    fused.epilogue = try Program(
      text: "(f32, f32) { operand 0; operand 1; add 0 1; relu 2 } -> 3:f32")
    let shape = Array(try Probe.run(product, [a, b])[0].shape.suffix(1))
    let bias = try Probe.real((0..<shape.reduce(1, *)).map { Double($0) - 4 }, shape)
    try Probe.expectElementsAlone(fused, [a, b, bias])
  }

  /// Empty operands may have a product that no memory holds.
  @Test func productsBeyondMemoryAreErrors() throws {
    let left = try HostTensor(zeros: .float32, shape: [1 << 40, 0])
    let right = try HostTensor(zeros: .float32, shape: [0, 1 << 40])
    let type = TensorType(.float32, fixed: [1 << 40, 1 << 40])
    #expect(throws: EvaluationError.self) { try MatMul().evaluate([left, right], [type]) }
    let column = try HostTensor(splat: .scalar(1, as: .float32), shape: [1 << 30, 1])
    let row = try HostTensor(splat: .scalar(1, as: .float32), shape: [1, 1 << 30])
    #expect(throws: EvaluationError.self) { try BroadcastSpace([column.shape, row.shape]) }
  }
}
