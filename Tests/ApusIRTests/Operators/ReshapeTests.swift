import ApusTensor
import Testing

@testable import ApusIR

@Suite struct ReshapeTests {
  typealias Probe = MovementProbe

  @Test(arguments: [
    ([2, 3, 4], [6, 4], [6, 4]), ([2, 3, 4], [-1], [24]), ([2, 3, 4], [0, -1], [2, 12]),
    ([2, 3, 4], [4, 0, 2], [4, 3, 2]), ([], [1], [1]), ([1], [], []), ([0, 3], [3, 0], [3, 3]),
  ])
  func shapes(shape: [Int], wanted: [Int], expected: [Int]) throws {
    guard expected.reduce(1, *) == shape.reduce(1, *) else {
      #expect(throws: TypeError.self) {
        try Probe.run(Reshape(), [Probe.iota(shape), Probe.vector(wanted)])
      }
      return
    }
    let result = try Probe.run(Reshape(), [Probe.iota(shape), Probe.vector(wanted)])[0]
    #expect(result.shape == expected)
  }

  @Test func allowZero() throws {
    let data = Probe.iota([0, 3])
    #expect(
      try Probe.run(Reshape(allowZero: true), [data, Probe.vector([5, 0])])[0].shape == [5, 0])
  }

  @Test func symbolic() throws {
    let heads = try Probe.type(
      Reshape(), [Probe.value([Probe.batch, Probe.sequence, 768]), Probe.known([0, 0, 12, 64])])
    #expect(heads.shape == .ranked([Probe.batch, Probe.sequence, 12, 64]))
    let merged = try Probe.type(
      Reshape(),
      [
        Probe.value([Probe.batch, Probe.sequence, 12, 64]),
        Probe.known([Probe.batch, Probe.sequence, -1]),
      ])
    #expect(merged.shape == .ranked([Probe.batch, Probe.sequence, 768]))
    let flat = try Probe.type(
      Reshape(), [Probe.value([Probe.batch, Probe.sequence, 768]), Probe.known([-1, 768])])
    #expect(flat.shape == .ranked([Probe.batch * Probe.sequence, 768]))
    #expect(
      try Probe.type(Reshape(), [Probe.value([4]), Probe.unknown(2)]).shape == [.unknown, .unknown])
  }

  /// A length of zero, such as that of an empty cache, does not hide the other extents.
  @Test func emptyDimensionCancels() throws {
    let data = Probe.iota([2, 0, 768])
    #expect(
      try Probe.run(Reshape(), [data, Probe.vector([0, 0, 12, -1])])[0].shape == [2, 0, 12, 64])
    #expect(throws: TypeError.self) {
      try Probe.run(Reshape(allowZero: true), [Probe.iota([2, 3]), Probe.vector([0, -1])])
    }
  }

  @Test func contents() throws {
    let fact = try infer(Reshape(), [Probe.known([1, Probe.batch, 3, 4]), Probe.known([-1, 2])])[0]
    #expect(fact.contents == [1, Probe.batch, 3, 4])
    #expect(fact.shape == [2, 2])
  }

  @Test func errors() {
    #expect(throws: TypeError.extents(operand: "data", found: 6, expected: 8)) {
      try Probe.type(Reshape(), [Probe.value([2, 3]), Probe.known([8])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Reshape(), [Probe.value([2, 3]), Probe.known([-1, -1])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Reshape(), [Probe.value([2, 3]), Probe.known([-1, 4])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Reshape(), [Probe.value([2, 3]), Probe.known([-2, 3])])
    }
  }
}
