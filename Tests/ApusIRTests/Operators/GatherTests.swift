import ApusTensor
import Testing

@testable import ApusIR

@Suite struct GatherTests {
  typealias Probe = MovementProbe

  @Test(arguments: MovementProbe.smallElements)
  func rowsAndColumns(element: ElementType) throws {
    let data = Probe.tensor([0, 1, 2, 3, 2, 1], [2, 3], as: element)
    let columns = try Probe.run(Gather(axis: 1), [data, Probe.vector([-1, 0])])[0]
    #expect(
      try columns.elements() == Probe.tensor([2, 0, 1, 3], [2, 2], as: element).elements())
    let rows = try Probe.run(
      Gather(axis: 0), [data, Probe.tensor([1, 0, 1], [3, 1], as: .int32)])
    #expect(rows[0].shape == [3, 1, 3])
    #expect(
      try rows[0].elements()
        == Probe.tensor([3, 2, 1, 0, 1, 2, 3, 2, 1], [3, 1, 3], as: element).elements())
  }

  @Test func scalarIndexRemovesTheAxis() throws {
    let result = try Probe.run(Gather(), [Probe.vector([5, 6]), Probe.tensor([1], [])])[0]
    #expect(result.shape == [])
    #expect(try result.integers() == [6])
  }

  @Test func outOfRange() {
    for index in [2, -3, Int.max, Int.min] {
      #expect(
        throws: EvaluationError.indexOutOfRange(operand: "indices", index: index, limit: 2)
      ) {
        try Probe.run(Gather(), [Probe.vector([5, 6]), Probe.vector([index])])
      }
    }
    #expect(throws: EvaluationError.indexOutOfRange(operand: "indices", index: 0, limit: 0)) {
      try Probe.run(Gather(axis: 1), [Probe.iota([3, 0]), Probe.vector([0])])
    }
  }

  @Test func types() throws {
    let type = try Probe.type(
      Gather(axis: 0),
      [Probe.value([1000, 64]), Fact(.int64, [Probe.batch, Probe.sequence])])
    #expect(type.shape == .ranked([Probe.batch, Probe.sequence, 64]))
    #expect(
      try Probe.type(Gather(), [Probe.value([3]), Probe.unranked(.int64)]).shape == .unranked)
    #expect(throws: TypeError.axis(1, rank: 1)) {
      try Probe.type(Gather(axis: 1), [Probe.value([3]), Probe.known([0])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(Gather(), [Probe.value([3]), Probe.value([3])])
    }
  }

  @Test func contents() throws {
    let shape = Probe.known([Probe.batch, 3, Probe.sequence])
    let index = Fact(constant: Probe.tensor([-1], []))
    let fact = try infer(Gather(), [shape, index])[0]
    #expect(fact.contents == [Probe.sequence])
    #expect(fact.shape == [])
    let wrong = try infer(Gather(), [shape, Fact(constant: Probe.tensor([3], []))])[0]
    #expect(wrong.contents == nil)
  }
}
