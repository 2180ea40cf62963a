import ApusIR
import ApusTensor
import Testing

/// Convolution and pooling against the textbook sums, one output element at a time.
@Suite struct WindowTests {
  typealias Probe = NumberProbe

  private struct Problem {
    var spatial: [Int]
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var pads: [Int]
    var padding: ConvolutionPadding
  }

  private static func problem(_ random: inout SplitMix) -> Problem {
    let rank = Int.random(in: 1...3, using: &random)
    func list(_ range: ClosedRange<Int>, _ count: Int) -> [Int] {
      (0..<count).map { _ in Int.random(in: range, using: &random) }
    }
    let kernel = list(1...3, rank)
    let paddings: [ConvolutionPadding] = [.explicit, .explicit, .sameUpper, .sameLower, .valid]
    let padding = paddings.randomElement(using: &random) ?? .explicit
    let pads = (kernel + kernel).map { Int.random(in: 0..<$0, using: &random) }
    return Problem(
      spatial: list(5...8, rank), kernel: kernel, strides: list(1...3, rank),
      dilations: list(1...2, rank), pads: padding == .explicit ? pads : [], padding: padding)
  }

  private static func coordinates(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }

  /// Beginnings of the padding along each axis.
  private static func begins(_ problem: Problem, _ output: [Int]) -> [Int] {
    problem.spatial.indices.map { axis in
      let reach = (problem.kernel[axis] - 1) * problem.dilations[axis] + 1
      let total = max((output[axis] - 1) * problem.strides[axis] + reach - problem.spatial[axis], 0)
      return switch problem.padding {
      case .explicit: problem.pads[axis]
      case .sameUpper: total / 2
      case .sameLower: (total + 1) / 2
      case .valid: 0
      }
    }
  }

  /// The input offset that a tap reads at an output position, or nil in the padding.
  private static func read(
    _ problem: Problem, _ begins: [Int], _ position: [Int], _ tap: [Int]
  ) -> Int? {
    var offset = 0
    for axis in position.indices {
      let at =
        position[axis] * problem.strides[axis] + tap[axis] * problem.dilations[axis] - begins[axis]
      guard at >= 0, at < problem.spatial[axis] else { return nil }
      offset = offset * problem.spatial[axis] + at
    }
    return offset
  }

  private static func values(_ count: Int, _ random: inout SplitMix) -> [Double] {
    (0..<count).map { _ in Double(Int.random(in: -4...4, using: &random)) }
  }

  @Test(arguments: 0..<60)
  func convolution(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    let problem = Self.problem(&random)
    let group = Int.random(in: 1...2, using: &random)
    var operation = Convolution()
    operation.strides = problem.strides
    operation.dilations = problem.dilations
    operation.pads = problem.pads
    operation.padding = problem.padding
    operation.group = group
    operation.hasBias = Bool.random(using: &random)
    let (channels, outputs) = (2, 2 * group)
    let plane = problem.spatial.reduce(1, *)
    let taps = Self.coordinates(problem.kernel)
    let x = Self.values(2 * channels * group * plane, &random)
    let w = Self.values(outputs * channels * taps.count, &random)
    let bias = Self.values(outputs, &random)
    var operands = [
      try Probe.real(x, [2, channels * group] + problem.spatial),
      try Probe.real(w, [outputs, channels] + problem.kernel),
    ]
    if operation.hasBias { operands.append(try Probe.real(bias, [outputs])) }
    let found = try Probe.run(operation, operands)[0]
    let output = Array(found.shape.dropFirst(2))
    let begins = Self.begins(problem, output)
    var expected: [Double] = []
    for image in 0..<2 {
      for channel in 0..<outputs {
        for position in Self.coordinates(output) {
          var sum = operation.hasBias ? bias[channel] : 0
          for input in 0..<channels {
            let source = (image * group + channel / (outputs / group)) * channels + input
            for (index, tap) in taps.enumerated() {
              guard let offset = Self.read(problem, begins, position, tap) else { continue }
              sum +=
                w[(channel * channels + input) * taps.count + index] * x[source * plane + offset]
            }
          }
          expected.append(sum)
        }
      }
    }
    #expect(try found.reals() == expected, "\(problem)")
    try expectSubstitution(operation, problem, operands, found.shape)
  }

  @Test(arguments: 0..<60)
  func pooling(seed: Int) throws {
    var random = SplitMix(seed: UInt64(1000 + seed))
    let problem = Self.problem(&random)
    var operation = Pool()
    operation.kernel = problem.kernel
    operation.strides = problem.strides
    operation.dilations = problem.dilations
    operation.pads = problem.pads
    operation.padding = problem.padding
    operation.ceilMode = Bool.random(using: &random)
    operation.indices = true
    let plane = problem.spatial.reduce(1, *)
    let x = Self.values(4 * plane, &random)
    let operand = try Probe.real(x, [2, 2] + problem.spatial)
    let found = try Probe.run(operation, [operand])
    let output = Array(found[0].shape.dropFirst(2))
    let begins = Self.begins(problem, output)
    var maxima: [Double] = []
    var means: [Double] = []
    for channel in 0..<4 {
      for position in Self.coordinates(output) {
        let window = Self.coordinates(problem.kernel)
          .compactMap { Self.read(problem, begins, position, $0) }
          .map { x[channel * plane + $0] }
        maxima.append(window.max() ?? -.infinity)
        means.append(window.isEmpty ? 0 : window.reduce(0, +) / Double(window.count))
      }
    }
    #expect(try found[0].reals() == maxima, "\(problem)")
    let places = try found[1].integers()
    for (place, maximum) in zip(places, maxima) where maximum.isFinite {
      #expect(x[place] == maximum)
    }
    try expectSubstitution(operation, problem, [operand], found[0].shape)
    operation.kind = .average
    operation.indices = false
    #expect(Probe.close(try Probe.reals(operation, [operand]), means), "\(problem)")
  }

  /// Binding symbols in a result's shape gives the result's shape of bound symbols.
  private func expectSubstitution(
    _ operation: any Operator, _ problem: Problem, _ operands: [HostTensor], _ shape: [Int]
  ) throws {
    let names = problem.spatial.indices.map { "s\($0)" }
    let symbolic = TensorType(
      .float32, operands[0].shape.prefix(2).map(Extent.fixed) + names.map(Extent.symbol))
    let facts = [Fact(symbolic)] + operands.dropFirst().map { Fact($0.type) }
    let bindings = Dictionary(uniqueKeysWithValues: zip(names, problem.spatial))
    let bound = try infer(operation, facts)[0].shape.substituting(bindings)
    #expect(bound.fixed == shape, "\(problem)")
  }

  @Test func columnMajorIndices() throws {
    var pool = Pool()
    pool.kernel = [2, 3]
    pool.indices = true
    pool.columnMajorIndices = true
    // The maximum of the second plane lies at row 1, column 2 of 2 × 3.
    let x = try Probe.real([6, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6], [1, 2, 2, 3])
    #expect(try Probe.run(pool, [x])[1].integers() == [0, 6 + 1 + 2 * 2])
  }

  @Test func ceilingDividesByWhatThePaddingHolds() throws {
    var pool = Pool()
    pool.kind = .average
    pool.kernel = [4]
    pool.strides = [3]
    pool.pads = [1, 1]
    pool.ceilMode = true
    pool.includePadding = true
    let x = try Probe.real([1, 2, 3, 4, 5, 6], [1, 1, 6])
    #expect(try Probe.reals(pool, [x]) == [1.5, 4.5, 3])
  }

  @Test func unsignedMaximaStayUnsigned() throws {
    var pool = Pool()
    pool.kernel = [2]
    let x = try HostTensor(.uint64, shape: [1, 1, 3], .unsigned([1, .max, 7]))
    #expect(try Probe.run(pool, [x])[0].elements() == .unsigned([.max, .max]))
  }

  /// Kernels and shapes as only a hostile file has them cost nothing and trap nowhere.
  @Test func hostileSizes() throws {
    var pool = Pool()
    pool.kernel = [1 << 31, 1 << 31]
    pool.pads = [1 << 30, 1 << 30, 1 << 30, 1 << 30]
    let x = try Probe.real([1, 2, 3, 4], [1, 1, 2, 2])
    #expect(try Probe.reals(pool, [x]) == [4, 4, 4, 4, 4, 4, 4, 4, 4].prefix(9).map { $0 })
    pool.kernel = [1]
    pool.pads = []
    let empty = try HostTensor(zeros: .float32, shape: [1 << 40, 1 << 40, 0])
    #expect(try Probe.run(pool, [empty])[0].count == 0)
    let weight = try HostTensor(zeros: .float32, shape: [0, 1, 1 << 62])
    var convolution = Convolution()
    convolution.padding = .sameUpper
    convolution.dilations = [1 << 31]
    let data = try Probe.real([1, 2], [1, 1, 2])
    _ = try? Probe.run(convolution, [data, weight])
  }
}
