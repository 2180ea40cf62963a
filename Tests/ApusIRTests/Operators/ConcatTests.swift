import ApusTensor
import Testing

@testable import ApusIR

@Suite struct ConcatTests {
  typealias Probe = MovementProbe

  @Test(arguments: MovementProbe.smallElements)
  func everyElementType(element: ElementType) throws {
    let left = Probe.tensor([0, 1, 2, 3], [2, 2], as: element)
    let right = Probe.tensor([3, 2], [2, 1], as: element)
    let result = try Probe.run(Concat(axis: -1), [left, right])[0]
    let expected = Probe.tensor([0, 1, 3, 2, 3, 2], [2, 3], as: element)
    #expect(result.shape == [2, 3])
    #expect(result.packedBytes == expected.packedBytes)
    #expect(try result.elements() == expected.elements())
  }

  @Test func outerAxisAndEmptyParts() throws {
    let result = try Probe.run(
      Concat(axis: 0), [Probe.iota([1, 3]), Probe.iota([0, 3]), Probe.iota([2, 3])])[0]
    #expect(try result.integers() == [0, 1, 2, 0, 1, 2, 3, 4, 5])
    #expect(try Probe.run(Concat(axis: 0), [Probe.iota([4])])[0].shape == [4])
  }

  @Test func symbolicExtents() throws {
    let type = try Probe.type(
      Concat(axis: 1),
      [
        Probe.value([Probe.batch, Probe.past, Probe.sequence]),
        Probe.value([2, Probe.sequence, Probe.sequence]),
      ])
    #expect(type.shape == .ranked([2, Probe.past + Probe.sequence, Probe.sequence]))
    #expect(
      try Probe.type(Concat(axis: 1), [Probe.value([1, 2]), Probe.unranked()]).shape == [
        1, .unknown,
      ])
  }

  @Test func contents() throws {
    let fact = try infer(
      Concat(axis: 0), [Probe.known([Probe.batch]), Probe.known([-1, 64])])[0]
    #expect(fact.contents == [Probe.batch, -1, 64])
    let partly = try infer(Concat(axis: 0), [Probe.known([1]), Probe.unknown(1)])[0]
    #expect(partly.contents == nil)
    #expect(partly.shape == [2])
  }

  @Test func errors() {
    #expect(throws: TypeError.extents(operand: "inputs[1]", found: 3, expected: 2)) {
      try Probe.type(Concat(axis: 0), [Probe.value([1, 2]), Probe.value([1, 3])])
    }
    #expect(throws: TypeError.rank(operand: "inputs[1]", found: 1, expected: "2")) {
      try Probe.type(Concat(axis: 0), [Probe.value([1, 2]), Probe.value([1])])
    }
    #expect(throws: TypeError.axis(0, rank: 0)) {
      try Probe.type(Concat(axis: 0), [Probe.value([])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Concat(axis: 0), [Probe.value([1]), Probe.value([1], .int64)])
    }
    #expect(throws: TypeError.self) { try Probe.type(Concat(axis: 0), []) }
  }
}
