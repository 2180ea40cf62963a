import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceEraseTests {
  typealias Probe = ValueProbe

  private func erase(at position: Int64?, from values: [Double]) throws -> [[Double]] {
    let sequence = Probe.floats(try values.map { try Probe.real([$0], [1]) })
    var operands: [HostValue?] = [sequence]
    if let position { operands.append(.tensor(try Probe.whole([position], []))) }
    let results = try SequenceErase().evaluate(values: operands, [], EvaluationContext())
    return Probe.tensors(results[0])
  }

  @Test func positions() throws {
    #expect(try erase(at: nil, from: [1, 2, 3]) == [[1], [2]])
    #expect(try erase(at: 0, from: [1, 2, 3]) == [[2], [3]])
    #expect(try erase(at: -2, from: [1, 2, 3]) == [[1], [3]])
  }

  @Test func refuses() {
    #expect(throws: EvaluationError.self) { try erase(at: nil, from: []) }
    #expect(throws: EvaluationError.self) { try erase(at: 1, from: [1]) }
  }
}
