import ApusIR
import ApusTensor
import Testing

@Suite struct ClassifyTests {
  typealias Probe = NumberProbe

  @Test func tells() throws {
    let data = try Probe.real([.nan, .infinity, -.infinity, 1], [4])
    #expect(
      try Probe.run(Classify(nan: true), [data])[0].booleans() == [true, false, false, false])
    #expect(
      try Probe.run(Classify(positive: true, negative: true), [data])[0].booleans()
        == [false, true, true, false])
    #expect(
      try Probe.run(Classify(negative: true), [data])[0].booleans() == [false, false, true, false])
  }
}
