import ApusIR
import ApusTensor
import Testing

@Suite struct TopKTests {
  typealias Probe = NumberProbe

  @Test func ordersAndTies() throws {
    let data = try Probe.real([1, 3, 3, 2], [4])
    let k = try Probe.whole([3], [1])
    let largest = try Probe.run(TopK(axis: 0, smallest: false), [data, k])
    #expect(try largest[0].reals() == [3, 3, 2])
    #expect(try largest[1].integers() == [1, 2, 3])
    let smallest = try Probe.run(TopK(axis: -1, smallest: true), [data, k])
    #expect(try smallest[0].reals() == [1, 2, 3])
    #expect(try smallest[1].integers() == [0, 3, 1])
  }

  @Test func nanIsTheLargest() throws {
    let data = try Probe.real([1, .nan, 2], [3])
    let found = try Probe.run(TopK(), [data, try Probe.whole([1], [1])])
    #expect(try found[1].integers() == [1])
  }

  @Test(arguments: [4, -1, Int.max]) func refuses(k: Int) throws {
    #expect(throws: TypeError.self) {
      try Probe.run(TopK(), [try Probe.real([1, 2, 3], [3]), try Probe.whole([k], [1])])
    }
  }
}
