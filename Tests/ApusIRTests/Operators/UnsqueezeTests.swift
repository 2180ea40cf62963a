import ApusTensor
import Testing

@testable import ApusIR

@Suite struct UnsqueezeTests {
  typealias Probe = MovementProbe

  @Test(arguments: [
    ([3, 5], [0], [1, 3, 5]), ([3, 5], [-1], [3, 5, 1]), ([3, 5], [0, 2, -1], [1, 3, 1, 5, 1]),
    ([], [0], [1]), ([3], [2, 0], [1, 3, 1]),
  ])
  func axes(shape: [Int], axes: [Int], expected: [Int]) throws {
    let result = try Probe.run(Unsqueeze(), [Probe.iota(shape), Probe.vector(axes)])[0]
    #expect(result.shape == expected)
  }

  @Test func unknown() throws {
    #expect(
      try Probe.type(Unsqueeze(), [Probe.value([3]), Probe.unknown(1)]).shape == [
        .unknown, .unknown,
      ])
    #expect(
      try Probe.type(Unsqueeze(), [Probe.unranked(), Probe.known([0])]).shape == .unranked)
  }

  @Test func errors() {
    #expect(throws: TypeError.axis(2, rank: 2)) {
      try Probe.type(Unsqueeze(), [Probe.value([3]), Probe.known([2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Unsqueeze(), [Probe.value([3]), Probe.known([0, 0])])
    }
  }

  @Test func contentsOfAScalar() throws {
    let fact = Fact(TensorType(.int64, []), contents: [Probe.sequence + Probe.past])
    let result = try infer(Unsqueeze(), [fact, Probe.known([0])])[0]
    #expect(result.contents == [Probe.past + Probe.sequence])
    #expect(result.shape == [1])
  }
}
