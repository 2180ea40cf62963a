import ApusIR
import ApusTensor
import Testing

@Suite struct MapToVectorTests {
  @Test func wordsWithoutAValueAreZero() throws {
    let cells = try [4.0, 8, 9].map { HostValue.tensor(try NumberProbe.real([$0], [])) }
    let map = HostValue.map(
      keys: try TextProbe.texts(["a", "c", "?"]), values: cells,
      of: ValueType(.float32, .ranked([])))
    let vocabulary = try HostValue.tensor(TextProbe.texts(["a", "c", "b", "z"]))
    let type = try infer(
      MapToVector(), [Fact(value: map), Fact(value: vocabulary)])[0].type
    #expect(type == TensorType(.float32, [1, 4]))
    let result = try MapToVector().evaluate(
      values: [map, vocabulary], [], EvaluationContext())[0]
    #expect(ValueProbe.tensors(result) == [[4, 8, 0, 0]])
  }
}
