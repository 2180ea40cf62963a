import ApusIR
import ApusTensor
import Testing

@Suite struct NGramCountsTests {
  typealias Probe = MovementProbe

  @Test func skipsAndWeights() throws {
    let tokens = Probe.vector([1, 2, 1, 2, 3])
    let pool = Probe.vector([1, 3, 1, 2, 2, 3])
    let operands: [HostTensor?] = [
      tokens, pool, Probe.vector([0, 2]), Probe.vector([3, 2, 1, 0]),
    ]
    // The 2-grams [1, 2] and [2, 3] lie at columns 1 and 0.
    let plain = NGramCounts(weighting: .count, shortest: 1, longest: 2, skips: 0, width: 4)
    #expect(try NumberProbe.reals(plain, operands) == [1, 2, 1, 2])
    let skipping = NGramCounts(weighting: .count, shortest: 2, longest: 2, skips: 3, width: 4)
    #expect(try NumberProbe.reals(skipping, operands) == [2, 3, 0, 0])
    let weights = try NumberProbe.real([10, 20, 30, 40], [4])
    let weighted = NGramCounts(
      weighting: .weightedCount, shortest: 1, longest: 2, skips: 0, width: 4)
    #expect(try NumberProbe.reals(weighted, operands + [weights]) == [40, 60, 20, 20])
    let presence = NGramCounts(weighting: .presence, shortest: 1, longest: 2, skips: 0, width: 4)
    #expect(try NumberProbe.reals(presence, operands + [weights]) == [40, 30, 20, 10])
  }

  @Test func rowsOfStrings() throws {
    let tokens = try TextProbe.texts(["a", "b", "b", "b", "\u{E9}", "e\u{301}"], [3, 2])
    let pool = try TextProbe.texts(["b", "\u{E9}"])
    let operation = NGramCounts(weighting: .count, shortest: 1, longest: 1, skips: 0, width: 2)
    let result = try Probe.run(
      operation, [tokens, pool, Probe.vector([0]), Probe.vector([0, 1])])[0]
    #expect(result.shape == [3, 2])
    // Canonically equivalent texts are different tokens.
    #expect(try result.reals() == [1, 0, 2, 0, 0, 1])
  }

  @Test func damagedPools() {
    let operation = NGramCounts(weighting: .count, shortest: 1, longest: 2, skips: 0, width: 2)
    for (starts, columns) in [([0, 1], [0, 1]), ([0, 9], [0, 1]), ([-1], [0]), ([0], [0, 5])] {
      #expect(throws: EvaluationError.self) {
        try Probe.run(
          operation,
          [
            Probe.vector([1]), Probe.vector([1, 2, 3, 4]), Probe.vector(starts),
            Probe.vector(columns),
          ])
      }
    }
  }
}
