import ApusIR
import ApusTensor
import Testing

@Suite struct SuppressNonMaximumTests {
  typealias Probe = NumberProbe

  private func pick(_ limit: Int, overlap: Double = 0.5, threshold: Double = 0) throws -> [Int] {
    // Two boxes that nearly coincide and one apart.
    let boxes = try Probe.real([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11], [1, 3, 4])
    let scores = try Probe.real([0.9, 0.75, 0.6], [1, 1, 3])
    let found = try Probe.run(
      SuppressNonMaximum(centered: false),
      [
        boxes, scores, try Probe.whole([limit], []), try Probe.real([overlap], []),
        try Probe.real([threshold], []),
      ])[0]
    return try found.integers().enumerated().filter { $0.offset % 3 == 2 }.map(\.element)
  }

  @Test func picks() throws {
    #expect(try pick(3) == [0, 2])
    #expect(try pick(1) == [0])
    #expect(try pick(0).isEmpty)
    #expect(try pick(3, threshold: 0.7) == [0])
    #expect(try pick(3, overlap: 1) == [0, 1, 2])
  }
}
