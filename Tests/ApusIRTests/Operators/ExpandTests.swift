import ApusTensor
import Testing

@testable import ApusIR

@Suite struct ExpandTests {
  typealias Probe = MovementProbe

  @Test(arguments: MovementProbe.smallElements)
  func broadcasts(element: ElementType) throws {
    let data = Probe.tensor([1, 2, 3], [3, 1], as: element)
    let result = try Probe.run(Expand(), [data, Probe.vector([2, 1, 2])])[0]
    #expect(result.shape == [2, 3, 2])
    #expect(
      try result.elements()
        == Probe.tensor([1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3], [2, 3, 2], as: element).elements())
  }

  @Test func oneElementStaysOne() throws {
    let result = try Probe.run(Expand(), [Probe.tensor([7], [1]), Probe.vector([1000, 1000])])[0]
    #expect(result.isSplat)
    #expect(result.shape == [1000, 1000])
    #expect(try Probe.run(Expand(), [Probe.iota([2, 1]), Probe.vector([0])])[0].shape == [2, 0])
  }

  @Test func types() throws {
    let type = try Probe.type(
      Expand(), [Probe.value([1, 3, 1]), Probe.known([Probe.batch, 1, Probe.sequence])])
    #expect(type.shape == .ranked([Probe.batch, 3, Probe.sequence]))
    #expect(
      try Probe.type(Expand(), [Probe.value([1]), Probe.unknown(2)]).shape == [.unknown, .unknown])
    #expect(try Probe.type(Expand(), [Probe.unranked(), Probe.known([2])]).shape == .unranked)
    #expect(throws: TypeError.self) {
      try Probe.type(Expand(), [Probe.value([2]), Probe.known([3])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Expand(), [Probe.value([2]), Probe.known([-1])])
    }
  }

  @Test func contents() throws {
    let fact = try infer(Expand(), [Probe.known([Probe.batch]), Probe.known([3])])[0]
    #expect(fact.contents == [Probe.batch, Probe.batch, Probe.batch])
  }
}
