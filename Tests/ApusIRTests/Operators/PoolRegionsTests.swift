import ApusIR
import ApusTensor
import Testing

@Suite struct PoolRegionsTests {
  typealias Probe = NumberProbe

  @Test func maximaOfCells() throws {
    let data = try Probe.real((1...16).map { Double($0) }, [1, 1, 4, 4])
    let found = try Probe.run(
      PoolRegions(rows: 2, columns: 2, scale: 1), [data, try Probe.real([0, 0, 0, 3, 3], [1, 5])])[
        0]
    #expect(found.shape == [1, 1, 2, 2])
    #expect(try found.reals() == [6, 8, 14, 16])
  }

  @Test func refusesRegions() throws {
    let data = try Probe.real([1], [1, 1, 1, 1])
    for region in [[2.0, 0, 0, 1, 1], [0, .nan, 0, 1, 1], [0, 1e30, 0, 1, 1]] {
      #expect(throws: EvaluationError.self) {
        try Probe.run(PoolRegions(), [data, try Probe.real(region, [1, 5])])
      }
    }
  }
}
