import ApusIR
import ApusTensor
import Testing

@Suite struct EyeTests {
  typealias Probe = NumberProbe

  @Test func diagonals() throws {
    let like = try Probe.real([0, 0, 0, 0, 0, 0], [2, 3])
    #expect(try Probe.reals(Eye(.float32, diagonal: 0), [like]) == [1, 0, 0, 0, 1, 0])
    #expect(try Probe.reals(Eye(.float32, diagonal: 1), [like]) == [0, 1, 0, 0, 0, 1])
    #expect(try Probe.reals(Eye(.float32, diagonal: .max), [like]) == [0, 0, 0, 0, 0, 0])
  }
}
