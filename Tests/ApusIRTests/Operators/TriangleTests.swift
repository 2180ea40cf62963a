import ApusIR
import ApusTensor
import Testing

@Suite struct TriangleTests {
  typealias Probe = NumberProbe

  @Test func upperAndLower() throws {
    let data = try Probe.real([1, 2, 3, 4], [2, 2])
    #expect(try Probe.reals(Triangle(upper: true), [data]) == [1, 2, 0, 4])
    #expect(try Probe.reals(Triangle(upper: false), [data]) == [1, 0, 3, 4])
    let diagonal = try Probe.whole([1], [])
    #expect(try Probe.reals(Triangle(upper: true), [data, diagonal]) == [0, 2, 0, 0])
    #expect(
      try Probe.reals(Triangle(upper: false), [data, try Probe.whole([.max], [])]) == [1, 2, 3, 4])
  }
}
