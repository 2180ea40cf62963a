import ApusTensor
import Testing

@testable import ApusIR

@Suite struct SplitTests {
  typealias Probe = MovementProbe

  @Test func evenAndUneven() throws {
    let even = try Probe.run(Split(axis: 1, parts: 2), [Probe.iota([2, 4])])
    #expect(try even.map { try $0.integers() } == [[0, 1, 4, 5], [2, 3, 6, 7]])
    let uneven = try Probe.run(Split(axis: 0, parts: 3), [Probe.iota([7])])
    #expect(uneven.map(\.shape) == [[3], [3], [1]])
  }

  @Test(arguments: MovementProbe.smallElements)
  func sizes(element: ElementType) throws {
    let data = Probe.tensor([0, 1, 2, 3, 2, 1], [6], as: element)
    let parts = try Probe.run(
      Split(axis: -1, parts: 3), [data, Probe.vector([1, 0, 5])])
    #expect(parts.map(\.shape) == [[1], [0], [5]])
    #expect(
      try parts[2].elements() == Probe.tensor([1, 2, 3, 2, 1], [5], as: element).elements())
  }

  @Test func symbolic() throws {
    let facts = try infer(
      Split(axis: 1, parts: 2),
      [Probe.value([3, Probe.past + Probe.sequence]), Probe.known([Probe.past, Probe.sequence])])
    #expect(
      facts.map(\.shape) == [.ranked([3, Probe.past]), .ranked([3, Probe.sequence])])
    let half = try infer(Split(axis: 0, parts: 2), [Probe.value([Probe.batch * 2])])
    #expect(half.map(\.shape) == [.ranked([Probe.batch]), .ranked([Probe.batch])])
    let unknown = try infer(Split(axis: 0, parts: 2), [Probe.value([4]), Probe.unknown(2)])
    #expect(unknown.map(\.type.rank) == [1, 1])
  }

  @Test func contents() throws {
    let facts = try infer(
      Split(axis: 0, parts: 2), [Probe.known([1, Probe.batch, 3]), Probe.known([1, 2])])
    #expect(facts.map(\.contents) == [[1], [Probe.batch, 3]])
  }

  @Test func errors() throws {
    #expect(throws: TypeError.extents(operand: "data", found: 5, expected: 4)) {
      try Probe.type(Split(axis: 0, parts: 2), [Probe.value([5]), Probe.known([2, 2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Split(axis: 0, parts: 2), [Probe.value([5]), Probe.known([5])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Split(axis: 0, parts: 2), [Probe.value([5]), Probe.known([6, -1])])
    }
    // Rounding up leaves nothing for the last part.
    let facts = try infer(Split(axis: 0, parts: 4), [Probe.value([5])])
    #expect(facts.map(\.shape) == [[2], [2], [1], [0]])
    #expect(throws: TypeError.self) {
      try Probe.type(Split(axis: 0, parts: .max), [Probe.value([5])])
    }
  }
}
