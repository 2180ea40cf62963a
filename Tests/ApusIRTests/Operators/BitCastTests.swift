import ApusIR
import ApusTensor
import Testing

@Suite struct BitCastTests {
  typealias Probe = NumberProbe

  @Test func keepsBits() throws {
    let found = try Probe.run(BitCast(to: .int32), [try Probe.real([1, -0.0], [2])])[0]
    #expect(try found.integers() == [0x3f80_0000, Int(Int32.min)])
  }

  @Test func refusesOtherWidths() {
    #expect(throws: TypeError.self) {
      try infer(BitCast(to: .int64), [Fact(.float32, [2])])
    }
    #expect(throws: TypeError.self) { try infer(BitCast(to: .int32), [Fact(.string, [2])]) }
  }
}
