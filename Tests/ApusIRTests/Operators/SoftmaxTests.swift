import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct SoftmaxTests {
  typealias Probe = NumberProbe

  @Test func rowsAndColumns() throws {
    let x = try Probe.real([0, 1, 2, 1000, 1000, 1000], [2, 3])
    let rows = try Probe.reals(Softmax(axis: -1), [x])
    #expect(Probe.close(rows, [0.09003057, 0.24472847, 0.66524096, 1 / 3.0, 1 / 3.0, 1 / 3.0]))
    let columns = try Probe.reals(Softmax(axis: 0), [x])
    #expect(Probe.close(columns, [0, 0, 0, 1, 1, 1]))
  }

  @Test func logarithm() throws {
    let found = try Probe.reals(Softmax(axis: 0, logarithm: true), [Probe.real([0, 0], [2])])
    #expect(Probe.close(found, [-0.69314718, -0.69314718]))
  }

  @Test func axisIsChecked() {
    #expect(throws: TypeError.axis(2, rank: 2)) {
      try Probe.type(Softmax(axis: 2), [TensorType(.float32, [2, 2])])
    }
  }
}
