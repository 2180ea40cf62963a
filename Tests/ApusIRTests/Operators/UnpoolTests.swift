import ApusIR
import ApusTensor
import Testing

@Suite struct UnpoolTests {
  typealias Probe = NumberProbe

  @Test func putsBack() throws {
    var operation = Unpool()
    operation.kernel = [2]
    operation.strides = [2]
    let data = try Probe.real([5, 6], [1, 1, 2])
    let places = try Probe.whole([1, 2], [1, 1, 2])
    #expect(try Probe.reals(operation, [data, places]) == [0, 5, 6, 0])
    let wide = try Probe.run(operation, [data, places, try Probe.whole([1, 1, 5], [3])])[0]
    #expect(try wide.reals() == [0, 5, 6, 0, 0])
  }

  @Test func refusesPlaces() throws {
    var operation = Unpool()
    operation.kernel = [2]
    operation.strides = [2]
    #expect(throws: EvaluationError.self) {
      try Probe.run(
        operation, [try Probe.real([5], [1, 1, 1]), try Probe.whole([2], [1, 1, 1])])
    }
  }
}
