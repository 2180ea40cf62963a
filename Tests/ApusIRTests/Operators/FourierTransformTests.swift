import ApusIR
import ApusTensor
import Testing

@Suite struct FourierTransformTests {
  typealias Probe = NumberProbe

  @Test func knownSpectra() throws {
    let data = try Probe.real([1, 2, 3, 4], [1, 4, 1])
    let found = try Probe.reals(FourierTransform(), [data, nil, try Probe.whole([1], [])])
    #expect(Probe.close(found, [10, 0, -2, 2, -2, 0, -2, -2]))
  }

  @Test(arguments: [1, 2, 3, 6, 7, 8, 15]) func inverseUndoes(length: Int) throws {
    let values = (0..<(2 * length)).map { Double($0 * $0 % 7) - 3 }
    let data = try Probe.real(values, [1, length, 2], .float64)
    let axis = try Probe.whole([1], [])
    let spectrum = try Probe.run(FourierTransform(), [data, nil, axis])[0]
    let back = try Probe.reals(
      FourierTransform(inverse: true, oneSided: false), [spectrum, nil, axis])
    #expect(Probe.close(back, values, 1e-9))
  }

  @Test(arguments: [4, 5, 8]) func oneSidedInverseGivesRealData(length: Int) throws {
    let values = (0..<length).map { Double($0 * $0 % 5) }
    let data = try Probe.real(values, [1, length, 1], .float64)
    let axis = try Probe.whole([1], [])
    let half = try Probe.run(
      FourierTransform(inverse: false, oneSided: true), [data, nil, axis])[0]
    #expect(half.shape == [1, length / 2 + 1, 2])
    let back = try Probe.run(
      FourierTransform(inverse: true, oneSided: true),
      [half, try Probe.whole([length], []), axis])[0]
    #expect(back.shape == [1, length, 1])
    #expect(Probe.close(try back.reals(), values, 1e-9))
  }

  @Test func refuses() throws {
    #expect(throws: TypeError.self) { try infer(FourierTransform(), [Fact(.float32, [4, 3])]) }
    let data = try Probe.real([1, 2], [1, 2, 1])
    #expect(throws: TypeError.self) {
      try Probe.run(FourierTransform(), [data, try Probe.whole([0], []), nil])
    }
    #expect(throws: TypeError.self) {
      try Probe.run(FourierTransform(), [data, nil, try Probe.whole([2], [])])
    }
  }
}
