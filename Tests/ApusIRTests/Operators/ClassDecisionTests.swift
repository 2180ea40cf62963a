import ApusIR
import ApusTensor
import Testing

@Suite struct ClassDecisionTests {
  typealias Probe = NumberProbe

  @Test func highestOfThoseThatVoted() throws {
    let scores = try Probe.real([1, 3, 3, -2, -1, 0, 5, 5, 5], [3, 3])
    let all = try Probe.run(ClassDecision(), [scores])[0]
    #expect(try all.integers() == [1, 2, 0])
    let votes = try Probe.flags(
      [true, false, true, true, true, false, false, false, false], [3, 3])
    let some = try Probe.run(ClassDecision(), [scores, votes])[0]
    #expect(try some.integers() == [2, 1, 0])
  }

  @Test func oneColumnHasAThreshold() throws {
    let scores = try Probe.real([0.5, 0.51, .nan], [3, 1])
    let found = try Probe.run(ClassDecision(threshold: 0.5), [scores])[0]
    #expect(try found.integers() == [0, 1, 0])
  }

  @Test func noClasses() throws {
    #expect(try Probe.run(ClassDecision(), [Probe.real([], [2, 0])])[0].integers() == [0, 0])
  }
}
