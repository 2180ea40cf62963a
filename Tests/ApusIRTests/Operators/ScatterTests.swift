import ApusIR
import ApusTensor
import Testing

@Suite struct ScatterTests {
  typealias Probe = NumberProbe

  private func scatter(_ reduction: ScatterReduction, at index: Int = 1) throws -> [Double] {
    try Probe.reals(
      Scatter(axis: 1, reduction: reduction),
      [
        try Probe.real([1, 2, 3], [1, 3]), try Probe.whole([index, -1], [1, 2]),
        try Probe.real([5, -7], [1, 2]),
      ])
  }

  @Test func reductions() throws {
    #expect(try scatter(.none) == [1, 5, -7])
    #expect(try scatter(.add) == [1, 7, -4])
    #expect(try scatter(.multiply) == [1, 10, -21])
    #expect(try scatter(.maximum) == [1, 5, 3])
    #expect(try scatter(.minimum) == [1, 2, -7])
  }

  @Test(arguments: [3, -4, Int.min]) func refusesIndices(index: Int) {
    #expect(throws: EvaluationError.self) { try scatter(.none, at: index) }
  }
}
