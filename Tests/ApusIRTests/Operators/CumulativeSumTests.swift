import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct CumulativeSumTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (false, false, [1.0, 3, 6]), (true, false, [0, 1, 3]), (false, true, [6, 5, 3]),
    (true, true, [5, 3, 0]),
  ])
  func modes(exclusive: Bool, reverse: Bool, expected: [Double]) throws {
    let found = try Probe.reals(
      CumulativeSum(exclusive: exclusive, reverse: reverse),
      [Probe.real([1, 2, 3], [3]), Probe.whole([0], [])])
    #expect(found == expected)
  }

  @Test func integersWrap() throws {
    let found = try Probe.run(
      CumulativeSum(), [Probe.whole([.max, 1], [2]), Probe.whole([-1], [])])[0]
    #expect(try found.integers() == [.max, .min])
  }
}
