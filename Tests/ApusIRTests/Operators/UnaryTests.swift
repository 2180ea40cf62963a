import ApusIR
import ApusLoops
import ApusTensor
import Testing

@Suite struct UnaryTests {
  typealias Probe = NumberProbe

  @Test(arguments: [
    (UnaryFunction.relu, [-1.0, 2], [0.0, 2]), (.sigmoid, [0, 100, -100], [0.5, 1, 0]),
    (.erf, [0, 1], [0, 0.8427007929]), (.sign, [-3, 0, 5], [-1, 0, 1]),
    (.round, [0.5, 1.5, 2.5], [0, 2, 2]), (.reciprocal, [4, 0], [0.25, .infinity]),
    (.gelu, [0, 1], [0, 0.8413447461]), (.geluTanh, [1], [0.8411919906]),
    (.sqrt, [9, -1], [3, .nan]), (.negate, [1, -2], [-1, 2]),
  ])
  func values(function: UnaryFunction, input: [Double], expected: [Double]) throws {
    let found = try Probe.reals(Unary(function), [Probe.real(input, [input.count])])
    #expect(Probe.close(found, expected))
  }

  @Test func integersWrap() throws {
    let found = try Probe.run(Unary(.negate), [Probe.whole([.min, 3], [2])])[0]
    #expect(try found.integers() == [.min, -3])
  }

  @Test func typesAreChecked() {
    #expect(throws: TypeError.self) { try Probe.type(Unary(.exp), [TensorType(.int64, [2])]) }
    #expect(throws: TypeError.self) { try Probe.type(Unary(.not), [TensorType(.float32, [2])]) }
  }
}
