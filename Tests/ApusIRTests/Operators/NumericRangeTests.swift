import ApusTensor
import Testing

@testable import ApusIR

@Suite struct NumericRangeTests {
  typealias Probe = MovementProbe

  private func run(_ bounds: [Int], as element: ElementType) throws -> HostTensor {
    try Probe.run(NumericRange(), bounds.map { Probe.tensor([$0], [], as: element) })[0]
  }

  @Test(arguments: [ElementType.int64, .int32, .int16, .float32, .float64])
  func counts(element: ElementType) throws {
    #expect(try run([1, 5, 2], as: element).reals() == [1, 3])
    #expect(try run([10, 4, -2], as: element).reals() == [10, 8, 6])
    #expect(try run([3, 3, 1], as: element).reals() == [])
    #expect(try run([3, 1, 1], as: element).reals() == [])
  }

  @Test func fractions() throws {
    let bounds = try [0.0, 1.0, 0.25].map { try HostTensor.scalar($0, as: .float32) }
    #expect(try Probe.run(NumericRange(), bounds)[0].reals() == [0, 0.25, 0.5, 0.75])
  }

  private func scalar(_ extent: Extent) -> Fact {
    Fact(TensorType(.int64, []), contents: [extent])
  }

  @Test func symbolic() throws {
    let total = Probe.past + Probe.sequence
    let fact = try infer(NumericRange(), [scalar(Probe.past), scalar(total), scalar(1)])[0]
    #expect(fact.shape == .ranked([Probe.sequence]))
    let known = try infer(
      NumericRange(), [scalar(Probe.past), scalar(Probe.past + 3), scalar(1)])[0]
    #expect(known.contents == [Probe.past, Probe.past + 1, Probe.past + 2])
    let unknown = try infer(
      NumericRange(), [scalar(0), Fact(.int64, []), scalar(1)])[0]
    #expect(unknown.shape == [.unknown])
  }

  @Test func errors() {
    #expect(throws: TypeError.self) { try run([1, 5, 0], as: .int64) }
    #expect(throws: TypeError.self) { try run([1, 5, 0], as: .float32) }
    #expect(throws: TypeError.self) {
      try Probe.run(
        NumericRange(),
        [0, .infinity, 1].map { try HostTensor.scalar($0, as: .float32) })
    }
    #expect(throws: TypeError.self) {
      try infer(NumericRange(), [Fact(.int64, [2]), scalar(1), scalar(1)])
    }
  }
}
