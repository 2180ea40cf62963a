import ApusIR
import ApusTensor
import Testing

@Suite struct OptionalGetTests {
  private static let text = """
    graph "g" (%o: optional(f32[n])) {
      %v = optional_get(%o): f32[n]
      return %v as "v"
    }
    """

  @Test func unwraps() throws {
    let type = ValueType(.float32, .unranked)
    let value = HostValue.optional(.tensor(try ValueProbe.real([4], [1])), of: type)
    #expect(ValueProbe.tensors(try ValueProbe.run(Self.text, [value])[0]) == [[4]])
    #expect(throws: EvaluationFailure.self) {
      try ValueProbe.run(Self.text, [.optional(nil, of: type)])
    }
  }

  @Test func anyOtherValueIsItself() throws {
    #expect(try infer(OptionalGet(), [Fact(.int64, [3])])[0].type == TensorType(.int64, [3]))
  }
}
