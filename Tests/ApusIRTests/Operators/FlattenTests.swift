import ApusTensor
import Testing

@testable import ApusIR

@Suite struct FlattenTests {
  typealias Probe = MovementProbe

  @Test(arguments: [
    (0, [1, 24]), (1, [2, 12]), (2, [6, 4]), (3, [24, 1]), (-1, [6, 4]), (-3, [1, 24]),
  ])
  func axis(axis: Int, expected: [Int]) throws {
    let result = try Probe.run(Flatten(axis: axis), [Probe.iota([2, 3, 4])])[0]
    #expect(result.shape == expected)
    #expect(try result.integers() == Array(0..<24))
  }

  @Test func symbolic() throws {
    let type = try Probe.type(Flatten(axis: 2), [Probe.value([Probe.batch, 3, Probe.sequence])])
    #expect(type.shape == .ranked([Probe.batch * 3, Probe.sequence]))
    #expect(try Probe.type(Flatten(), [Probe.unranked()]).shape == .unranked)
  }

  @Test func errors() {
    #expect(throws: TypeError.axis(4, rank: 3)) {
      try Probe.type(Flatten(axis: 4), [Probe.value([1, 2, 3])])
    }
  }
}
