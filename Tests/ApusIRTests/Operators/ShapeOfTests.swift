import ApusTensor
import Testing

@testable import ApusIR

@Suite struct ShapeOfTests {
  typealias Probe = MovementProbe

  @Test(arguments: [
    (0, Int?.none, [2, 3, 4]), (-1, nil, [4]), (0, -1, [2, 3]), (-9, 9, [2, 3, 4]),
    (1, 2, [3]), (2, 1, []), (Int.min, Int.max, [2, 3, 4]),
  ])
  func bounds(start: Int, end: Int?, expected: [Int]) throws {
    let result = try Probe.run(ShapeOf(start: start, end: end), [Probe.iota([2, 3, 4])])[0]
    #expect(try result.integers() == expected)
  }

  @Test func contentsAreExtents() throws {
    let fact = try infer(ShapeOf(), [Probe.value([Probe.batch, 3])])[0]
    #expect(fact.type == TensorType(.int64, [2]))
    #expect(fact.contents == [Probe.batch, 3])
    #expect(try Probe.type(ShapeOf(), [Probe.unranked()]) == TensorType(.int64, .unranked))
  }
}
