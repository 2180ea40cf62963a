import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct ReduceTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (ReduceKind.sum, [6.0, 15]), (.mean, [2, 5]), (.maximum, [3, 6]), (.minimum, [1, 4]),
    (.product, [6, 120]), (.l1, [6, 15]), (.sumSquare, [14, 77]),
    (.l2, [3.7416573867, 8.7749643873]), (.logSum, [1.7917594692, 2.7080502011]),
    (.logSumExp, [3.4076059644, 6.4076059644]),
  ])
  func lastAxis(kind: ReduceKind, expected: [Double]) throws {
    let x = try Probe.real((1...6).map(Double.init), [2, 3])
    let found = try Probe.run(Reduce(kind), [x, Probe.whole([-1], [1])])[0]
    #expect(found.shape == [2, 1])
    #expect(Probe.close(try found.reals(), expected))
  }

  @Test func emptyAxes() throws {
    let x = try Probe.real([1, 2], [2])
    let none = try Probe.whole([], [0])
    #expect(try Probe.reals(Reduce(.sum), [x, none]) == [3])
    #expect(try Probe.reals(Reduce(.sum, emptyAxesMeansNone: true), [x, none]) == [1, 2])
  }

  @Test func reductionsOfNothing() throws {
    let empty = try Probe.real([], [0])
    #expect(try Probe.reals(Reduce(.sum), [empty]) == [0])
    #expect(try Probe.reals(Reduce(.product), [empty]) == [1])
    #expect(try Probe.reals(Reduce(.maximum), [empty]) == [-.infinity])
  }

  @Test func integers() throws {
    let x = try Probe.whole([-3, 5, 2], [3])
    #expect(try Probe.run(Reduce(.minimum), [x])[0].integers() == [-3])
    #expect(try Probe.run(Reduce(.maximum), [x])[0].integers() == [5])
  }
}
