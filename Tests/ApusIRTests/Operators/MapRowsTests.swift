import ApusIR
import ApusTensor
import Testing

@Suite struct MapRowsTests {
  @Test func rowsBecomeMaps() throws {
    let values = try NumberProbe.real([0.25, 0.75, 1, 0], [2, 2])
    let keys = try TextProbe.texts(["no", "yes"])
    let result = try MapRows().evaluate(
      values: [.tensor(values), .tensor(keys)], [], EvaluationContext())[0]
    guard case .sequence(let maps, let type) = result else {
      Issue.record("no sequence")
      return
    }
    #expect(type == .map(key: .string, value: ValueType(.float32, .ranked([]))))
    #expect(maps.map(ValueProbe.tensors) == [[[0.25], [0.75]], [[1], [0]]])
  }

  @Test func keysMustFit() throws {
    let values = try HostValue.tensor(NumberProbe.real([1, 2], [1, 2]))
    for keys in [["a"], ["a", "a"]] {
      #expect(throws: EvaluationError.self) {
        try MapRows().evaluate(
          values: [values, .tensor(TextProbe.texts(keys))], [], EvaluationContext())
      }
    }
  }
}
