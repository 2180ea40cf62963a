import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct BinaryTests {
  typealias Probe = NumberProbe

  @Test func broadcasting() throws {
    let left = try Probe.real([1, 2, 3], [3, 1])
    let right = try Probe.real([10, 20], [2])
    let sum = try Probe.run(Binary(.add), [left, right])[0]
    #expect(sum.shape == [3, 2])
    #expect(try sum.reals() == [11, 21, 12, 22, 13, 23])
  }

  @Test func integerCorners() throws {
    let low = try Probe.whole([.min, 7, -7], [3])
    let found = try Probe.run(Binary(.divide), [low, Probe.whole([-1, 2, 2], [3])])[0]
    #expect(try found.integers() == [.min, 3, -3])
    #expect(throws: EvaluationError.divisionByZero) {
      try Probe.run(Binary(.divide), [low, Probe.whole([0], [1])])
    }
  }

  @Test func comparisonsGiveBool() throws {
    let found = try Probe.run(
      Binary(.less), [Probe.real([1, .nan, 3], [3]), Probe.real([2], [1])])[0]
    #expect(try found.booleans() == [true, false, false])
  }

  @Test func symbolicExtentsBroadcast() throws {
    let type = try Probe.type(
      Binary(.multiply),
      [TensorType(.float32, [.symbol("n"), 4]), TensorType(.float32, [1, 4])])
    #expect(type == TensorType(.float32, [.symbol("n"), 4]))
    #expect(throws: TypeError.broadcast([2], [3])) {
      try Probe.type(Binary(.add), [TensorType(.float32, [2]), TensorType(.float32, [3])])
    }
  }

  @Test func shapeArithmeticIsTracked() throws {
    let n = Extent.symbol("n")
    let vector = Fact(TensorType(.int64, [2]), contents: [n, 3])
    let one = Fact(constant: try Probe.whole([1], []))
    #expect(try infer(Binary(.add), [vector, one])[0].contents == [n + 1, 4])
  }
}
