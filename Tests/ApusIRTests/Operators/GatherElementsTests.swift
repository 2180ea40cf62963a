import ApusTensor
import Testing

@testable import ApusIR

@Suite struct GatherElementsTests {
  typealias Probe = MovementProbe

  @Test func exampleOfTheSpecification() throws {
    let data = Probe.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3])
    let indices = Probe.tensor([1, 2, 0, -1, 0, 0], [2, 3])
    let result = try Probe.run(GatherElements(axis: 0), [data, indices])[0]
    #expect(try result.integers() == [4, 8, 3, 7, 2, 3])
    let square = Probe.tensor([1, 2, 3, 4], [2, 2])
    let along = try Probe.run(
      GatherElements(axis: 1), [square, Probe.tensor([0, 0, 1, 0], [2, 2], as: .int32)])[0]
    #expect(try along.integers() == [1, 1, 4, 3])
  }

  @Test(arguments: MovementProbe.smallElements)
  func everyElementType(element: ElementType) throws {
    let data = Probe.tensor([0, 1, 2, 3], [4], as: element)
    let result = try Probe.run(GatherElements(), [data, Probe.vector([3, 0, -2])])[0]
    #expect(try result.elements() == Probe.tensor([3, 0, 2], [3], as: element).elements())
  }

  @Test func errors() {
    #expect(throws: EvaluationError.indexOutOfRange(operand: "indices", index: 4, limit: 4)) {
      try Probe.run(GatherElements(), [Probe.iota([4]), Probe.vector([4])])
    }
    #expect(throws: TypeError.extents(operand: "indices", found: 3, expected: 2)) {
      try Probe.type(GatherElements(axis: 0), [Probe.value([4, 2]), Fact(.int64, [1, 3])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(GatherElements(), [Probe.value([4, 2]), Fact(.int64, [1])])
    }
  }

  @Test func types() throws {
    let type = try Probe.type(
      GatherElements(axis: 1), [Probe.unranked(), Fact(.int64, [Probe.batch, 2])])
    #expect(type.shape == .ranked([Probe.batch, 2]))
  }
}
