import ApusTensor
import Testing

@testable import ApusIR

@Suite struct SqueezeTests {
  typealias Probe = MovementProbe

  @Test(arguments: [
    ([1, 3, 1, 5], [0], [3, 1, 5]), ([1, 3, 1, 5], [-2], [1, 3, 5]),
    ([1, 3, 1, 5], [0, 2], [3, 5]), ([1, 3], [], [1, 3]),
  ])
  func axes(shape: [Int], axes: [Int], expected: [Int]) throws {
    let result = try Probe.run(Squeeze(), [Probe.iota(shape), Probe.vector(axes)])[0]
    #expect(result.shape == expected)
  }

  @Test func withoutAxesAllUnitDimensionsGo() throws {
    #expect(try Probe.run(Squeeze(), [Probe.iota([1, 3, 1])])[0].shape == [3])
    #expect(try Probe.type(Squeeze(), [Probe.value([1, Probe.batch])]).shape == .unranked)
    #expect(
      try Probe.type(Squeeze(), [Probe.value([1, Probe.batch + 2])]).shape
        == .ranked([Probe.batch + 2]))
  }

  @Test func unknownAxesOrRank() throws {
    #expect(
      try Probe.type(Squeeze(), [Probe.value([1, 2]), Probe.unknown(1)]).shape == .unranked)
    #expect(
      try Probe.type(Squeeze(), [Probe.unranked(), Probe.known([0])]).shape == .unranked)
  }

  @Test func symbolicExtentIsTakenForOne() throws {
    #expect(
      try Probe.type(Squeeze(), [Probe.value([Probe.batch, 2]), Probe.known([0])]).shape == [2])
  }

  @Test func errors() {
    #expect(throws: TypeError.extents(operand: "data", found: 3, expected: 1)) {
      try Probe.type(Squeeze(), [Probe.value([1, 3]), Probe.known([1])])
    }
    #expect(throws: TypeError.axis(2, rank: 2)) {
      try Probe.type(Squeeze(), [Probe.value([1, 3]), Probe.known([2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Squeeze(), [Probe.value([1, 3]), Probe.known([0, -2])])
    }
  }

  @Test func contents() throws {
    let fact = Fact(TensorType(.int64, [1]), contents: [Probe.sequence])
    #expect(try infer(Squeeze(), [fact, Probe.known([0])])[0].contents == [Probe.sequence])
  }
}
