import ApusIR
import ApusTensor
import Testing

@Suite struct TreeEnsembleTests {
  /// Two trees over two features: x₀ ≤ 1 ? leaf 0 : (x₁ > 2 ? leaf 1 : leaf 2), and leaf 3 alone.
  private func operands(
    _ data: [Double], nodes: [Int] = [0, 0, -1, 1, 1, 3, -2, -3], roots: [Int] = [0, -4],
    leaves: [Int] = [0, 1, 2, 3, 5], targets: [Int] = [0, 1, 0, 0, 1], base: [Double]? = nil
  ) throws -> [HostTensor?] {
    func table(_ values: [Int], _ shape: [Int]? = nil) -> HostTensor {
      MovementProbe.tensor(values, shape ?? [values.count], as: .int32)
    }
    return [
      try NumberProbe.real(data, [data.count / 2, 2]), table(nodes, [nodes.count / 4, 4]),
      try NumberProbe.real([1, 2], [2]), table(roots), table(leaves), table(targets),
      try NumberProbe.real([1, 2, 4, 8, 16], [5]),
      try base.map { try NumberProbe.real($0, [$0.count]) },
    ]
  }

  private let rows = [1.0, 0, 2, 3, 2, 2]

  @Test(arguments: [
    (VoteAggregate.sum, [9.0, 16, 8, 18, 12, 16]), (.average, [4.5, 8, 4, 9, 6, 8]),
    (.minimum, [1, 16, 8, 2, 4, 16]), (.maximum, [8, 16, 8, 16, 8, 16]),
  ])
  func aggregates(aggregate: VoteAggregate, expected: [Double]) throws {
    let results = try NumberProbe.run(
      TreeEnsemble(aggregate: aggregate, targetCount: 2), operands(rows))
    #expect(results[0].shape == [3, 2])
    #expect(try results[0].reals() == expected)
  }

  @Test func votesAndBase() throws {
    let results = try NumberProbe.run(
      TreeEnsemble(aggregate: .sum, targetCount: 3),
      operands(rows, roots: [0], base: [0.5, 0.25, 7]))
    #expect(try results[0].reals() == [1.5, 0.25, 7, 0.5, 2.25, 7, 4.5, 0.25, 7])
    #expect(
      try results[1].booleans()
        == [true, false, false, false, true, false, true, false, false])
  }

  @Test func missingValues() throws {
    let data = [Double.nan, 0]
    let second = try NumberProbe.reals(
      TreeEnsemble(aggregate: .sum, targetCount: 2), operands(data, roots: [0]))
    #expect(second == [4, 0])
    let first = try NumberProbe.reals(
      TreeEnsemble(aggregate: .sum, targetCount: 2),
      operands(data, nodes: [0, 8, -1, 1, 1, 3, -2, -3], roots: [0]))
    #expect(first == [1, 0])
  }

  /// Tables as a damaged file may hold them.
  @Test func damage() throws {
    let operation = TreeEnsemble(aggregate: .sum, targetCount: 2)
    let good = [0, 0, -1, 1, 1, 3, -2, -3]
    for (place, value) in [(0, 2), (0, -1), (1, 6), (1, -1), (3, 0), (3, 2), (2, -9), (3, -9)] {
      var nodes = good
      nodes[place] = value
      #expect(throws: EvaluationError.self, "\(place) \(value)") {
        try NumberProbe.run(operation, operands(rows, nodes: nodes))
      }
    }
    #expect(throws: EvaluationError.self) {
      try NumberProbe.run(operation, operands(rows, roots: [2]))
    }
    for leaves in [[0, 1, 2, 3, 6], [0, -1, 2, 3, 5], [0, 3, 2, 1, 0], [0]] {
      #expect(throws: EvaluationError.self) {
        try NumberProbe.run(operation, operands(rows, leaves: leaves))
      }
    }
    #expect(throws: EvaluationError.self) {
      try NumberProbe.run(operation, operands(rows, targets: [0, 1, 0, 0, 2]))
    }
  }
}
