import ApusIR
import ApusTensor
import Testing

@Suite struct MelWeightsTests {
  typealias Probe = NumberProbe

  @Test func trianglesPeakAtOne() throws {
    let operands = [
      try Probe.whole([4], []), try Probe.whole([64], []), try Probe.whole([8000], []),
      try Probe.real([0], []), try Probe.real([4000], []),
    ]
    let weights = try Probe.run(MelWeights(), operands)[0]
    #expect(weights.shape == [33, 4])
    let values = try weights.reals()
    for band in 0..<4 {
      #expect((0..<33).map { values[$0 * 4 + band] }.max() == 1)
    }
    #expect(values.allSatisfy { (0...1).contains($0) })
  }

  @Test func refusesRates() throws {
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        MelWeights(),
        [
          try Probe.whole([4], []), try Probe.whole([64], []), try Probe.whole([0], []),
          try Probe.real([0], []), try Probe.real([4000], []),
        ])
    }
  }
}
