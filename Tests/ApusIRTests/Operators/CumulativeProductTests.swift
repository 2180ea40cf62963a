import ApusIR
import ApusTensor
import Testing

@Suite struct CumulativeProductTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (false, false, [2.0, 6, 24]), (true, false, [1, 2, 6]), (false, true, [24, 12, 4]),
    (true, true, [12, 4, 1]),
  ])
  func modes(exclusive: Bool, reverse: Bool, expected: [Double]) throws {
    let found = try Probe.reals(
      CumulativeProduct(exclusive: exclusive, reverse: reverse),
      [try Probe.real([2, 3, 4], [3]), try Probe.whole([0], [])])
    #expect(found == expected)
  }
}
