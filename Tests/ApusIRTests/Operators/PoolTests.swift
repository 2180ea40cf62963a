import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct PoolTests {
  typealias Probe = NumberProbe

  @Test func maximumWithIndices() throws {
    var pool = Pool()
    pool.kernel = [2, 2]
    pool.strides = [2, 2]
    pool.indices = true
    let x = try Probe.real((1...16).map(Double.init), [1, 1, 4, 4])
    let found = try Probe.run(pool, [x])
    #expect(try found[0].reals() == [6, 8, 14, 16])
    #expect(try found[1].integers() == [5, 7, 13, 15])
  }

  @Test func averageDivisors() throws {
    var pool = Pool()
    pool.kind = .average
    pool.kernel = [2]
    pool.pads = [1, 0]
    let x = try Probe.real([2, 4], [1, 1, 2])
    #expect(try Probe.reals(pool, [x]) == [2, 3])
    pool.includePadding = true
    #expect(try Probe.reals(pool, [x]) == [1, 3])
  }

  @Test func ceilingLeavesOutWindowsInTheEndPadding() throws {
    var pool = Pool()
    pool.kernel = [3]
    pool.strides = [2]
    pool.ceilMode = true
    let type = try Probe.type(pool, [TensorType(.float32, [1, 1, 4])])
    #expect(type == TensorType(.float32, [1, 1, 2]))
    pool.kernel = [1]
    pool.pads = [0, 1]
    let short = try Probe.type(pool, [TensorType(.float32, [1, 1, 2])])
    #expect(short == TensorType(.float32, [1, 1, 1]))
  }
}
