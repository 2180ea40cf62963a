import ApusTensor
import Testing

@testable import ApusIR

@Suite struct ExtentsTests {
  typealias Probe = MovementProbe

  @Test func vectorAndScalar() throws {
    let vector = Extents([Probe.batch, 3])
    let fact = try infer(vector, [])[0]
    #expect(fact.type == TensorType(.int64, [2]))
    #expect(fact.contents == [Probe.batch, 3])
    let bound = vector.substituting(["batch": 5])
    #expect(try Probe.run(bound, [])[0].integers() == [5, 3])
    #expect(try Probe.run(Extents([7], scalar: true), [])[0].shape == [])
  }

  @Test func errors() {
    #expect(throws: EvaluationError.self) {
      try Extents([Probe.batch]).evaluate([], [TensorType(.int64, [1])])
    }
    #expect(throws: TypeError.self) { try infer(Extents([1, 2], scalar: true), []) }
    #expect(throws: TypeError.self) { try infer(Extents([.overflow]), []) }
  }
}
