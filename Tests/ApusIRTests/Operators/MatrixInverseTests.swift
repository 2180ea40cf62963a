import ApusIR
import ApusTensor
import Testing

@Suite struct MatrixInverseTests {
  typealias Probe = NumberProbe

  @Test func stacksAndPivots() throws {
    let x = try Probe.real([0, 2, 4, 0, 2, 1, 1, 1], [2, 2, 2])
    let found = try Probe.reals(MatrixInverse(), [x])
    #expect(Probe.close(found, [0, 0.25, 0.5, 0, 1, -1, -1, 2]))
  }

  @Test func singularAndEmpty() throws {
    let found = try Probe.reals(MatrixInverse(), [Probe.real([1, 1, 1, 1], [2, 2])])
    #expect(found.contains { !$0.isFinite })
    #expect(try Probe.reals(MatrixInverse(), [Probe.real([], [3, 0, 0])]) == [])
    #expect(throws: TypeError.self) {
      try Probe.type(MatrixInverse(), [TensorType(.float32, [2, 3])])
    }
  }
}
