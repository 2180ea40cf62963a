import ApusIR
import ApusTensor
import Testing

@Suite struct OptionalHasTests {
  private func holds(_ value: HostValue?) throws -> Bool? {
    try OptionalHas().evaluate(values: [value], [], EvaluationContext())[0].tensor?.booleans()
      .first
  }

  @Test func cases() throws {
    let type = ValueType(.float32, .unranked)
    let tensor = HostValue.tensor(try ValueProbe.real([4], [1]))
    #expect(try holds(.optional(tensor, of: type)) == true)
    #expect(try holds(.optional(nil, of: type)) == false)
    #expect(try holds(tensor) == true)
    #expect(try holds(nil) == false)
  }
}
