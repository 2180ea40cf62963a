import ApusIR
import ApusTensor
import Testing

@Suite struct DequantizeTests {
  typealias Probe = NumberProbe

  @Test func subtractsThenScales() throws {
    let x = try HostTensor(.uint8, shape: [3], .unsigned([0, 128, 255]))
    let zero = try HostTensor(.uint8, shape: [], .unsigned([128]))
    let found = try Probe.reals(Dequantize(), [x, Probe.real([2], []), zero])
    #expect(found == [-256, 0, 254])
  }

  @Test func axesBlocksAndTypes() throws {
    let x = try HostTensor(.int4, shape: [2, 3], .signed([-8, 1, 2, 3, 4, 7]))
    let rows = try Probe.run(
      Dequantize(axis: -2, to: .float16), [x, Probe.real([1, 2], [2])])[0]
    #expect(try rows.reals() == [-8, 1, 2, 6, 8, 14])
    #expect(rows.element == .float16)
    let blocks = try Probe.reals(
      Dequantize(axis: 1, blockSize: 2), [x, Probe.real([1, 10, 2, 20], [2, 2])])
    #expect(blocks == [-8, 1, 20, 6, 8, 140])
  }

  @Test func emptyData() throws {
    let x = try HostTensor(.int8, shape: [0, 3], .signed([]))
    let found = try Probe.run(Dequantize(axis: 1), [x, Probe.real([1, 2, 3], [3])])[0]
    #expect(found.shape == [0, 3])
  }
}
