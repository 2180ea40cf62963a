import Apus
import ApusBuilder
import ApusCPU
import ApusEngine
import ApusIR
import ApusLoops
import ApusRuntime
import ApusTensor
import Testing

/// Every CPU tactic against the reference evaluation on random problems.
@Suite struct TacticTests {
  /// Runs the operation by every tactic that is offered and compares with the reference.
  private func check(
    _ operation: any Operator, _ operands: [HostTensor?], constants: Set<Int> = [],
    needsTactic: Bool = true
  ) throws {
    var graph = Graph(name: "case")
    var values: [ValueID?] = []
    var inputs: [HostTensor] = []
    for (index, operand) in operands.enumerated() {
      guard let operand else {
        values.append(nil)
        continue
      }
      if constants.contains(index) {
        values.append(graph.addWeight("w\(index)", operand))
      } else {
        values.append(graph.addInput("x\(index)", operand.type))
        inputs.append(operand)
      }
    }
    let results = try graph.append(operation, values, name: "case")
    for (index, result) in results.enumerated() { graph.addOutput("y\(index)", result) }
    let expected = try ReferenceEvaluator(graph).run(inputs)
    let node = try #require(graph.order.first)
    let region = Region(graph[node], in: graph)
    let tactics = CPUTactics.sources.flatMap { $0.tactics(for: region) }
    #expect(!tactics.isEmpty || !needsTactic)
    for tactic in tactics {
      let source = try #require(CPUTactics.sources.first { $0.name == tactic.source })
      var packed: [Plan.PackedKey: HostTensor] = [:]
      for weight in try source.pack(tactic, region) {
        packed[.init(node: node, operand: weight.operand)] = weight.tensor
      }
      let plan = Plan(graph: graph, tactics: [node: tactic], packed: packed, profiles: [])
      let engine = Engine(
        plan: plan, sources: CPUTactics.sources, pool: ThreadPool(threads: 2))
      let found = try engine.makeSession().run(ordered: inputs)
      for (want, have) in zip(expected, found) {
        #expect(want.shape == have.shape)
        if want.element.isFloatingPoint {
          let a = try want.reals()
          let b = try have.reals()
          let scale = a.reduce(1e-6) { max($0, $1.isFinite ? $1.magnitude : 0) }
          let agree = zip(a, b).allSatisfy {
            $0 == $1 || $0.isNaN && $1.isNaN || ($0 - $1).magnitude <= 1e-4 * scale
          }
          #expect(agree, "\(tactic.name) on \(operands.map { $0?.shape ?? [] })")
        } else {
          #expect(want.packedBytes == have.packedBytes, "\(tactic.name)")
        }
      }
    }
  }

  private func real(_ random: inout SplitMix, _ shape: [Int]) throws -> HostTensor {
    let values = (0..<shape.reduce(1, *)).map { _ in
      Double(random.next() >> 40) / Double(1 << 23) - 1
    }
    return try HostTensor(.float32, shape: shape, .real(values))
  }

  @Test(arguments: 0..<24) func products(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let sizes = [1, 2, 5, 16, 17, 33, 64]
    let m = sizes[random.below(7)]
    let k = sizes[random.below(7)]
    let n = sizes[random.below(7)]
    let batch = [[], [3], [2, 3]][random.below(3)]
    let left = try real(&random, batch + [m, k])
    let flat = try real(&random, [k, n])
    try check(MatMul(), [left, flat], constants: [1])
    try check(MatMul(), [left, real(&random, batch + [k, n])])
    let program = try Program(
      text: "(f32, f32, f32) { operand 0; operand 1; add 0 1; gelu 2; operand 2; add 3 4 } -> 5:f32"
    )
    try check(
      MatMul(epilogue: program),
      [left, flat, real(&random, [n]), real(&random, batch + [m, n])], constants: [1, 2])
    let bias = try Program(text: "(f32, f32) { operand 0; operand 1; add 0 1; relu 2 } -> 3:f32")
    try check(MatMul(epilogue: bias), [left, flat, real(&random, [n])], constants: [1, 2])
  }

  @Test(arguments: 0..<8) func permutedProducts(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let heads = 1 + random.below(3)
    let rows = 1 + random.below(20)
    let columns = 1 + random.below(20)
    let width = 1 + random.below(40)
    let q = try real(&random, [2, rows, heads, width])
    let k = try real(&random, [2, columns, heads, width])
    try check(
      MatMul(leftPermutation: [0, 2, 1, 3], rightPermutation: [0, 2, 3, 1]), [q, k])
    let p = try real(&random, [2, heads, rows, columns])
    try check(
      MatMul(rightPermutation: [0, 2, 1, 3], resultPermutation: [0, 2, 1, 3]), [p, k])
  }

  @Test(arguments: 0..<16) func convolutions(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    var convolution = Convolution()
    convolution.group = [1, 1, 2, 4][random.below(4)]
    let perGroup = convolution.group == 4 ? 1 : 1 + random.below(5)
    let outputs = convolution.group * (1 + random.below(7))
    let kernel = [1, 3, 5][random.below(3)]
    convolution.strides = [1 + random.below(2), 1 + random.below(2)]
    convolution.pads = (0..<4).map { _ in random.below(kernel) }
    let size = kernel + random.below(14)
    let x = try real(&random, [1 + random.below(2), convolution.group * perGroup, size, size + 3])
    let w = try real(&random, [outputs, perGroup, kernel, kernel])
    try check(convolution, [x, w], constants: [1])
    convolution.hasBias = true
    try check(convolution, [x, w, real(&random, [outputs])], constants: [1, 2])
  }

  /// Epilogues that kernels apply themselves, in part, or not at all.
  @Test(arguments: 0..<10) func convolutionEpilogues(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let channels = 1 + random.below(40)
    let isDepthwise = random.below(2) == 0
    let kernel = [1, 3, 5][random.below(3)]
    let size = 1 + random.below(20)
    var convolution = Convolution()
    convolution.group = isDepthwise ? channels : 1
    convolution.pads = Array(repeating: kernel / 2, count: 4)
    let outputs = isDepthwise ? channels : 1 + random.below(40)
    let x = try real(&random, [2, channels, size, size])
    let w = try real(&random, [outputs, isDepthwise ? 1 : channels, kernel, kernel])
    let bias = try real(&random, [1, outputs, 1, 1])
    let gate = try real(&random, [1, outputs, 1, 1])
    let programs = [
      "real 3; add 2 3; relu 4; real 6; minimum 5 6; multiply 2 7; divide 8 6 } -> 9:f32",
      "real 0.1; maximum 2 3; real 0.6; minimum 4 5 } -> 6:f32",
      "sigmoid 2; multiply 2 3 } -> 4:f32",
      "real 0.2; multiply 2 3; real 0.5; add 4 5; relu 6; real 1; minimum 7 8 } -> 9:f32",
      "real -0.2; maximum 2 3; operand 2; multiply 4 5; add 6 2 } -> 7:f32",
      "relu 2; operand 2; multiply 3 4 } -> 5:f32",
    ]
    for program in programs {
      convolution.epilogue = try Program(
        text: "(f32, f32, f32) { operand 0; operand 1; add 0 1; \(program)")
      try check(convolution, [x, w, bias, gate], constants: [1, 2, 3])
    }
  }

  @Test func convolutionsOfPixels() throws {
    var random = SplitMix(seed: 7)
    for (batch, channels, outputs) in [(1, 40, 10), (3, 7, 33), (1, 1, 1), (2, 96, 4)] {
      var convolution = Convolution()
      let x = try real(&random, [batch, channels, 1, 1])
      let w = try real(&random, [outputs, channels, 1, 1])
      try check(convolution, [x, w], constants: [1])
      convolution.hasBias = true
      try check(convolution, [x, w, real(&random, [outputs])], constants: [1, 2])
      convolution.hasBias = false
      convolution.epilogue = try Program(
        text: "(f32, f32) { operand 0; operand 1; add 0 1; sigmoid 2 } -> 3:f32")
      try check(convolution, [x, w, real(&random, [1, outputs, 1, 1])], constants: [1, 2])
    }
  }

  /// The only window may lie on padding.
  @Test func convolutionsBesidePixels() throws {
    var random = SplitMix(seed: 8)
    var convolution = Convolution()
    convolution.strides = [2, 2]
    convolution.pads = [1, 0, 0, 0]
    convolution.hasBias = true
    let x = try real(&random, [2, 5, 1, 1])
    let w = try real(&random, [3, 5, 1, 1])
    try check(convolution, [x, w, real(&random, [3])], constants: [1, 2])
  }

  @Test(arguments: 0..<10) func elementwise(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let rows = 1 + random.below(30)
    let columns = 1 + random.below(300)
    let x = try real(&random, [rows, columns])
    for function in UnaryFunction.allCases where function != .not {
      try check(Unary(function), [x])
    }
    for function in [BinaryFunction.add, .subtract, .multiply, .divide, .minimum, .maximum, .less] {
      try check(Binary(function), [x, real(&random, [columns])])
      try check(Binary(function), [x, real(&random, [rows, 1])])
    }
    let mask = try HostTensor(
      .bool, shape: [rows, 1], .boolean((0..<rows).map { $0 % 2 == 0 }))
    try check(Select(), [mask, x, real(&random, [])])
    try check(Cast(to: .int64), [x])
  }

  @Test(arguments: 0..<10) func rowsAndReductions(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let shape = [1 + random.below(5), 1 + random.below(40), 1 + random.below(70)]
    let x = try real(&random, shape)
    for axis in 0..<3 {
      try check(Softmax(axis: axis), [x])
      try check(Softmax(axis: axis, logarithm: true), [x])
    }
    let scale = try real(&random, [shape[2]])
    try check(LayerNormalization(axis: -1, epsilon: 1e-5), [x, scale, scale], constants: [1, 2])
    try check(RMSNormalization(axis: -1, epsilon: 1e-6), [x, scale], constants: [1])
    for axes in [[0], [1], [2], [0, 2], [0, 1, 2]] {
      for kind in [ReduceKind.sum, .mean, .maximum, .minimum, .l1, .l2, .sumSquare] {
        try check(Reduce(kind), [x, .vector(axes)], constants: [1])
      }
    }
    try check(CumulativeSum(), [x, .vector([1]).reshaped([])], constants: [1])
  }

  @Test(arguments: 0..<10) func dataMovement(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let shape = (0..<4).map { _ in 1 + random.below(9) }
    let x = try real(&random, shape)
    for order in [[0, 2, 1, 3], [3, 2, 1, 0], [1, 0, 3, 2]] { try check(Transpose(order), [x]) }
    try check(Concat(axis: 1), [x, x])
    try check(
      Expand(), [real(&random, [1, shape[3]]), .vector([3, 4, shape[3]])], constants: [1])
    try check(
      Slice(), [x, .vector([-1]), .vector([-1000]), .vector([3]), .vector([-1])],
      constants: [1, 2, 3, 4])
    let rows = try HostTensor.vector([0, -1, shape[0] - 1])
    try check(Gather(axis: 0), [x, rows])
  }

  @Test(arguments: 0..<8) func pools(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    var pool = Pool()
    pool.kind = seed % 2 == 0 ? .maximum : .average
    pool.kernel = [2 + random.below(2), 2 + random.below(2)]
    pool.strides = [1 + random.below(3), 1 + random.below(3)]
    pool.pads = (0..<4).map { _ in random.below(2) }
    pool.includePadding = random.below(2) == 0
    try check(pool, [real(&random, [2, 3, 4 + random.below(9), 4 + random.below(9)])])
  }
}
