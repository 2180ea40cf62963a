import ApusIR
import ApusTensor
import Testing

@Suite struct OneHotTests {
  typealias Probe = NumberProbe

  @Test func places() throws {
    let values = try Probe.real([0, 5], [2])
    let found = try Probe.reals(
      OneHot(axis: -1), [try Probe.whole([1, -1, 7], [3]), try Probe.whole([3], []), values])
    #expect(found == [0, 5, 0, 0, 0, 5, 0, 0, 0])
    let first = try Probe.run(
      OneHot(axis: 0), [try Probe.whole([1], [1]), try Probe.whole([2], []), values])[0]
    #expect(first.shape == [2, 1])
    #expect(try first.reals() == [0, 5])
  }

  @Test func refusesDepths() throws {
    #expect(throws: TypeError.self) {
      try Probe.run(
        OneHot(axis: -1),
        [try Probe.whole([1], [1]), try Probe.whole([-2], []), try Probe.real([0, 1], [2])])
    }
  }
}
