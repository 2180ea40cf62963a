import ApusIR
import ApusLoops
import ApusOptimizer
import ApusTensor
import Testing

/// Each pass on a small graph: what it leaves, and that the numbers stay.
@Suite struct PassTests {
  /// Optimises with the named passes alone; checks the numbers; returns operation names in order.
  private func optimized(_ text: String, _ passes: [any Pass], weights: [String: HostTensor] = [:])
    throws -> [String]
  {
    let before = try Graph(text: text, weights: weights)
    var after = before
    var optimizer = Optimizer()
    optimizer.passes = passes
    _ = try optimizer.run(&after)
    try after.verify()
    var inputs: [HostTensor] = []
    for input in before.inputs {
      let type = before.type(input)
      let shape = type.shape.substituting(["n": 3, "m": 2]).fixed ?? []
      let count = shape.reduce(1, *)
      let values = (0..<count).map { Double($0 % 7) / 7 + 0.1 }
      inputs.append(try HostTensor(type.element, shape: shape, .real(values)))
    }
    let expected = try ReferenceEvaluator(before).run(inputs)
    let found = try ReferenceEvaluator(after).run(inputs)
    for (a, b) in zip(expected, found) {
      #expect(a.shape == b.shape)
      let close = zip(try a.reals(), try b.reals()).allSatisfy {
        ($0 - $1).magnitude <= 1e-5 * max(1, $0.magnitude)
      }
      #expect(close)
    }
    return after.nodes.map { $0.operation.name }
  }

  @Test func constantsFold() throws {
    let text = """
      graph "g" (%x: f32[n, 2]) {
        weight @a: f32[2] = [1.0, 2.0]
        weight @b: f32[2] = [3.0, 4.0]
        %1 = binary(@a, @b) {function: multiply}: f32[2]
        %2 = binary(%x, %1) {function: add}: f32[n, 2]
        return %2 as "y"
      }
      """
    #expect(try optimized(text, [ConstantFolding()]) == ["binary"])
  }

  @Test func largeProductsOfWeightsFoldByAnEvaluator() throws {
    let text = """
      graph "g" (%x: f32[n, 2]) {
        weight @a: f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
        %1 = matmul(@a, @a): f32[2, 2]
        %2 = matmul(%x, %1): f32[n, 2]
        return %2 as "y"
      }
      """
    var folding = ConstantFolding()
    folding.contractionBudget = 7
    #expect(try optimized(text, [folding]) == ["matmul", "matmul"])
    folding.evaluator = { node, graph in
      let operands = node.operands.map { $0.flatMap { graph.weight($0)?.tensor } }
      return try? node.operation.evaluate(operands, node.results.map(graph.type))
    }
    #expect(try optimized(text, [folding]) == ["matmul"])
    folding.evaluatorBudget = 7
    #expect(try optimized(text, [folding]) == ["matmul", "matmul"])
  }

  @Test func shapeBoilerplateDisappears() throws {
    let text = """
      graph "g" (%x: f32[n, 6]) {
        weight @zero: i64[] = [0]
        weight @axes: i64[1] = [0]
        weight @rest: i64[2] = [2, 3]
        %s = shape_of(%x): i64[2]
        %n = gather(%s, @zero): i64[]
        %v = unsqueeze(%n, @axes): i64[1]
        %t = concat(%v, @rest): i64[3]
        %y = reshape(%x, %t)
        return %y as "y"
      }
      """
    #expect(try optimized(text, [ShapeFolding()]) == ["extents", "reshape"])
  }

  @Test func noOpsDisappear() throws {
    let text = """
      graph "g" (%x: f32[n, 2]) {
        weight @one: f32[] = [1.0]
        %1 = identity(%x)
        %2 = binary(%1, @one) {function: multiply}
        %3 = transpose(%2) {permutation: [0, 1]}
        %4 = unary(%3) {function: relu}
        return %4 as "y"
      }
      """
    #expect(try optimized(text, [NoOpRemoval()]) == ["unary"])
  }

  @Test func equalNodesMerge() throws {
    let text = """
      graph "g" (%x: f32[n]) {
        %1 = unary(%x) {function: exp}
        %2 = unary(%x) {function: exp}
        %3 = binary(%1, %2) {function: add}
        return %3 as "y"
      }
      """
    #expect(try optimized(text, [CommonSubexpressions()]) == ["unary", "binary"])
  }

  @Test func batchNormalizationFoldsIntoTheConvolution() throws {
    let text = """
      graph "g" (%x: f32[n, 1, 4, 4]) {
        weight @w: f32[2, 1, 1, 1] = [2.0, 3.0]
        weight @s: f32[2] = [1.0, 2.0]
        weight @b: f32[2] = [0.5, 0.25]
        weight @m: f32[2] = [0.1, 0.2]
        weight @v: f32[2] = [1.0, 4.0]
        %1 = convolution(%x, @w)
        %2 = batch_normalization(%1, @s, @b, @m, @v)
        return %2 as "y"
      }
      """
    #expect(try optimized(text, [BatchNormalizationFolding()]) == ["convolution"])
    #expect(
      try optimized(text, [BatchNormalizationFolding(), BiasToEpilogue()]) == ["convolution"])
  }

  @Test func epiloguesJoinProducts() throws {
    let text = """
      graph "g" (%x: f32[n, 2], %r: f32[n, 3]) {
        weight @w: f32[2, 3] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        weight @b: f32[3] = [0.5, 0.25, 0.125]
        %1 = matmul(%x, @w)
        %2 = binary(%1, @b) {function: add}
        %3 = unary(%2) {function: tanh}
        %4 = binary(%3, %r) {function: add}
        return %4 as "y"
      }
      """
    #expect(try optimized(text, [ElementwiseFusion()]) == ["matmul", "elementwise"])
    #expect(try optimized(text, [ElementwiseFusion(), EpilogueFusion()]) == ["matmul"])
  }

  /// A constant of one element may have the highest rank of all operands.
  @Test func constantsThatGiveTheRankStay() throws {
    let text = """
      graph "g" (%x: f32[n], %w: f32[2, 3]) {
        weight @one: f32[1, 1, 1] = [2.0]
        weight @two: f32[] = [0.5]
        %1 = binary(%x, @one) {function: multiply}: f32[1, 1, n]
        %2 = binary(%1, @two) {function: add}: f32[1, 1, n]
        %3 = matmul(%w, %w) {rightPermutation: [1, 0]}
        %4 = binary(%3, @one) {function: add}
        return %2 as "y", %4 as "z"
      }
      """
    let names = try optimized(text, [ElementwiseFusion(), EpilogueFusion()])
    #expect(names == ["elementwise", "matmul", "binary"])
  }

  /// A constant may add axes to an operand whose rank only data tells.
  @Test func neutralConstantsBesideUnknownRanksStay() throws {
    let text = """
      graph "g" (%x: f32[n], %axes: i64[1]) {
        weight @one: f32[1] = [1.0]
        weight @two: f32[1] = [2.0]
        weight @scalar: f32[] = [1.0]
        %1 = reduce(%x, %axes) {keepDimensions: false}
        %2 = binary(%1, @scalar) {function: multiply}
        %3 = binary(%2, @one) {function: multiply}
        %4 = binary(%1, @two) {function: power}
        return %3 as "y", %4 as "z"
      }
      """
    let names = try optimized(text, [NoOpRemoval(), StrengthReduction()])
    #expect(names == ["reduce", "binary", "binary"])
  }

  @Test func transposesJoinProducts() throws {
    let text = """
      graph "g" (%q: f32[n, 4, 2, 3], %k: f32[n, 5, 2, 3]) {
        %1 = transpose(%q) {permutation: [0, 2, 1, 3]}
        %2 = transpose(%k) {permutation: [0, 2, 3, 1]}
        %3 = matmul(%1, %2)
        %4 = transpose(%3) {permutation: [0, 2, 1, 3]}
        return %4 as "y"
      }
      """
    #expect(try optimized(text, [TransposeFolding()]) == ["matmul"])
  }

  @Test func rootMeanSquareNormIsRecognised() throws {
    let text = """
      graph "g" (%x: f32[n, 4]) {
        weight @two: f32[] = [2.0]
        weight @axes: i64[1] = [-1]
        weight @eps: f32[] = [0.001]
        weight @scale: f32[4] = [1.0, 2.0, 3.0, 4.0]
        %1 = binary(%x, @two) {function: power}
        %2 = reduce(%1, @axes) {kind: mean}
        %3 = binary(%2, @eps) {function: add}
        %4 = unary(%3) {function: sqrt}
        %5 = unary(%4) {function: reciprocal}
        %6 = binary(%x, %5) {function: multiply}
        %7 = binary(%6, @scale) {function: multiply}
        return %7 as "y"
      }
      """
    let passes: [any Pass] = [
      StrengthReduction(), RMSNormalizationRecomposition(), NormalizationScaleFusion(),
    ]
    #expect(try optimized(text, passes) == ["rms_normalization"])
  }

  @Test func patchesCanBeLimited() throws {
    let text = """
      graph "g" (%x: f32[n]) {
        %1 = identity(%x)
        %2 = identity(%1)
        %3 = unary(%2) {function: exp}
        return %3 as "y"
      }
      """
    var graph = try Graph(text: text, weights: [:])
    var optimizer = Optimizer()
    optimizer.patchLimit = 1
    let reports = try optimizer.run(&graph)
    #expect(reports.reduce(0) { $0 + $1.patches } == 1)
    var disabled = try Graph(text: text, weights: [:])
    optimizer.patchLimit = nil
    optimizer.disabled = ["no-op-removal"]
    _ = try optimizer.run(&disabled)
    #expect(disabled.nodes.filter { $0.operation is Identity }.count == 2)
  }
}
