import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct SelectTests {
  typealias Probe = NumberProbe

  @Test func broadcasting() throws {
    let found = try Probe.run(
      Select(),
      [Probe.flags([true, false], [2, 1]), Probe.real([1, 2], [2]), Probe.real([9], [])])[0]
    #expect(found.shape == [2, 2])
    #expect(try found.reals() == [1, 2, 9, 9])
  }

  @Test func contentsFollowAKnownCondition() throws {
    let n = Extent.symbol("n")
    let facts = try infer(
      Select(),
      [
        Fact(constant: Probe.flags([true, false], [2])),
        Fact(TensorType(.int64, [2]), contents: [n, n]),
        Fact(constant: Probe.whole([7, 8], [2])),
      ])
    #expect(facts[0].contents == [n, 8])
  }

  @Test func conditionIsBool() {
    let type = TensorType(.float32, [1])
    #expect(throws: TypeError.self) { try Probe.type(Select(), [type, type, type]) }
  }
}
