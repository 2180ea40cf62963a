import ApusTensor
import Testing

@testable import ApusIR

@Suite struct GatherNDTests {
  typealias Probe = MovementProbe

  @Test func examplesOfTheSpecification() throws {
    let data = Probe.iota([2, 2])
    let points = try Probe.run(GatherND(), [data, Probe.tensor([0, 0, 1, 1], [2, 2])])[0]
    #expect(try points.integers() == [0, 3])
    let rows = try Probe.run(GatherND(), [data, Probe.tensor([1, 0], [2, 1])])[0]
    #expect(try rows.integers() == [2, 3, 0, 1])
    let cube = Probe.iota([2, 2, 2])
    let slices = try Probe.run(GatherND(), [cube, Probe.tensor([0, 1, 1, 0], [2, 1, 2])])[0]
    #expect(slices.shape == [2, 1, 2])
    #expect(try slices.integers() == [2, 3, 4, 5])
    let batched = try Probe.run(
      GatherND(batchDimensions: 1), [cube, Probe.tensor([-1, 0], [2, 1])])[0]
    #expect(try batched.integers() == [2, 3, 4, 5])
  }

  @Test func emptyTuples() throws {
    let whole = try Probe.run(GatherND(), [Probe.iota([2]), Probe.iota([3, 0])])[0]
    #expect(whole.shape == [3, 2])
    #expect(try whole.integers() == [0, 1, 0, 1, 0, 1])
    let none = try Probe.run(GatherND(), [Probe.iota([0]), Probe.iota([1 << 40, 0])])[0]
    #expect(none.shape == [1 << 40, 0])
  }

  @Test func types() throws {
    let type = try Probe.type(
      GatherND(batchDimensions: 1),
      [Probe.value([Probe.batch, 5, 6]), Fact(.int64, [Probe.batch, Probe.sequence, 1])])
    #expect(type.shape == .ranked([Probe.batch, Probe.sequence, 6]))
    #expect(
      try Probe.type(GatherND(), [Probe.value([3]), Fact(.int64, [Probe.batch])]).shape
        == .unranked)
  }

  @Test func errors() {
    #expect(throws: EvaluationError.indexOutOfRange(operand: "indices", index: 2, limit: 2)) {
      try Probe.run(GatherND(), [Probe.iota([2, 2]), Probe.tensor([0, 2], [1, 2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(GatherND(), [Probe.value([2]), Fact(.int64, [1, 2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(GatherND(batchDimensions: -1), [Probe.value([2]), Fact(.int64, [1, 1])])
    }
    #expect(throws: TypeError.self) {
      try Probe.type(GatherND(batchDimensions: 2), [Probe.value([2]), Fact(.int64, [1, 1])])
    }
  }
}
