import ApusIR
import ApusTensor
import Testing

@Suite struct ColumnsToImageTests {
  typealias Probe = NumberProbe

  @Test func overlapsAddUp() throws {
    // Two blocks of 2 over 3 pixels: the middle pixel lies in both.
    let found = try Probe.run(
      ColumnsToImage(),
      [
        try Probe.real([1, 2, 10, 20], [1, 2, 2]), try Probe.whole([1, 3], [2]),
        try Probe.whole([1, 2], [2]),
      ])[0]
    #expect(found.shape == [1, 1, 1, 3])
    #expect(try found.reals() == [1, 12, 20])
  }

  @Test func refusesOtherBlockCounts() throws {
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        ColumnsToImage(),
        [
          try Probe.real([1, 2], [1, 2, 1]), try Probe.whole([1, 3], [2]),
          try Probe.whole([1, 2], [2]),
        ])
    }
  }
}
