import ApusIR
import ApusTensor
import Testing

@Suite struct PadTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (PadMode.constant, [0.0, 0, 1, 2, 3, 0]), (.edge, [1, 1, 1, 2, 3, 3]),
    (.reflect, [3, 2, 1, 2, 3, 2]), (.wrap, [2, 3, 1, 2, 3, 1]),
  ])
  func modes(mode: PadMode, expected: [Double]) throws {
    let found = try Probe.reals(
      Pad(mode), [try Probe.real([1, 2, 3], [3]), try Probe.whole([2, 1], [2])])
    #expect(found == expected)
  }

  @Test func valuesAxesAndNegativePads() throws {
    let data = try Probe.real([1, 2, 3, 4], [2, 2])
    let found = try Probe.run(
      Pad(.constant),
      [
        data, try Probe.whole([-1, 1], [2]), try Probe.real([9], []), try Probe.whole([-1], [1]),
      ])[0]
    #expect(found.shape == [2, 2])
    #expect(try found.reals() == [2, 9, 4, 9])
  }

  @Test func refuses() throws {
    #expect(throws: TypeError.self) {
      try Probe.run(Pad(), [try Probe.real([1], [1]), try Probe.whole([-2, 0], [2])])
    }
    #expect(throws: TypeError.self) {
      try Probe.run(Pad(), [try Probe.real([1], [1]), try Probe.whole([1], [1])])
    }
    #expect(throws: EvaluationError.self) {
      try Probe.run(Pad(.edge), [try Probe.real([], [0]), try Probe.whole([1, 0], [2])])
    }
  }

  @Test func takesAwayBeforeItRepeats() throws {
    let x = try Probe.real([1, 2, 3, 4], [4])
    func pad(_ mode: PadMode, _ pads: [Int]) throws -> [Double] {
      try Probe.reals(Pad(mode), [x, Probe.whole(pads, [2])])
    }
    #expect(try pad(.wrap, [-1, 2]) == [2, 3, 4, 2, 3])
    #expect(try pad(.reflect, [-1, 4]) == [2, 3, 4, 3, 2, 3, 4])
    #expect(try pad(.edge, [2, -3]) == [1, 1, 1])
    #expect(try pad(.constant, [-6, 3]) == [0])
    #expect(throws: (any Error).self) { try pad(.constant, [.min, .max]) }
  }
}
