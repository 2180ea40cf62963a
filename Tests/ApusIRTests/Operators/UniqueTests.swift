import ApusIR
import ApusTensor
import Testing

@Suite struct UniqueTests {
  typealias Probe = NumberProbe

  @Test func sortedAndInOrder() throws {
    let data = try Probe.real([2, 1, 1, 3, 4, 3], [6])
    let sorted = try Probe.run(Unique(axis: nil, sorted: true), [data])
    #expect(
      try sorted.map { try $0.reals() } == [
        [1, 2, 3, 4], [1, 0, 3, 4], [1, 0, 0, 2, 3, 2], [2, 1, 2, 1],
      ])
    let plain = try Probe.run(Unique(axis: nil, sorted: false), [data])
    #expect(try plain[0].reals() == [2, 1, 3, 4])
    #expect(try plain[1].reals() == [0, 1, 3, 4])
  }

  @Test func slices() throws {
    let data = try Probe.real([1, 0, 1, 0, 2, 0], [3, 2])
    let found = try Probe.run(Unique(axis: 0, sorted: true), [data])
    #expect(found[0].shape == [2, 2])
    #expect(try found[0].reals() == [1, 0, 2, 0])
    #expect(try found[3].integers() == [2, 1])
  }
}
