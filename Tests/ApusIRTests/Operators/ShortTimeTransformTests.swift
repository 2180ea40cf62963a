import ApusIR
import ApusTensor
import Testing

@Suite struct ShortTimeTransformTests {
  typealias Probe = NumberProbe

  @Test func framesOfAConstant() throws {
    let signal = try Probe.real([1, 1, 1, 1, 1, 1], [1, 6, 1])
    let found = try Probe.run(
      ShortTimeTransform(), [signal, try Probe.whole([2], []), nil, try Probe.whole([4], [])])[0]
    #expect(found.shape == [1, 2, 3, 2])
    #expect(Probe.close(try found.reals(), [4, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0]))
  }

  @Test func refusesSteps() throws {
    let signal = try Probe.real([1, 1], [1, 2, 1])
    #expect(throws: TypeError.self) {
      try Probe.run(ShortTimeTransform(), [signal, try Probe.whole([0], []), nil, nil])
    }
  }
}
