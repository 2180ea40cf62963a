import ApusIR
import ApusTensor
import Testing

@Suite struct PairwiseVoteTests {
  @Test func mostWins() throws {
    let decisions = try NumberProbe.real([1, 1, 1, -1, 1, 1, -1, -1, -1, 1, -1, 1], [4, 3])
    let found = try NumberProbe.run(PairwiseVote(classes: 3), [decisions])[0]
    #expect(try found.integers() == [0, 1, 2, 0])
  }

  @Test func pairsMustFit() throws {
    #expect(throws: EvaluationError.self) {
      try NumberProbe.run(PairwiseVote(classes: 4), [NumberProbe.real([1], [1, 1])])
    }
  }
}
