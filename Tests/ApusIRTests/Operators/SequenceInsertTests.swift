import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceInsertTests {
  typealias Probe = ValueProbe

  private func insert(at position: Int64?) throws -> [[Double]] {
    let sequence = Probe.floats([try Probe.real([1], [1]), try Probe.real([2], [1])])
    var operands: [HostValue?] = [sequence, .tensor(try Probe.real([9], [1]))]
    if let position { operands.append(.tensor(try Probe.whole([position], []))) }
    let results = try SequenceInsert().evaluate(values: operands, [], EvaluationContext())
    return Probe.tensors(results[0])
  }

  @Test func positions() throws {
    #expect(try insert(at: nil) == [[1], [2], [9]])
    #expect(try insert(at: 0) == [[9], [1], [2]])
    #expect(try insert(at: 2) == [[1], [2], [9]])
    #expect(try insert(at: -1) == [[1], [9], [2]])
  }

  @Test func refusesPositionsOutside() {
    #expect(throws: EvaluationError.self) { try insert(at: 3) }
    #expect(throws: EvaluationError.self) { try insert(at: -3) }
    #expect(throws: EvaluationError.self) { try insert(at: .min) }
  }
}
