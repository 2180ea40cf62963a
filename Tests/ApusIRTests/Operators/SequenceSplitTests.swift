import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceSplitTests {
  typealias Probe = ValueProbe

  private func split(_ operation: SequenceSplit, _ sizes: HostTensor?) throws -> HostValue {
    let data = try Probe.real([1, 2, 3, 4, 5, 6], [2, 3])
    var operands: [HostValue?] = [.tensor(data)]
    if let sizes { operands.append(.tensor(sizes)) }
    let facts = try infer(operation, operands.map { $0.map(Fact.init(value:)) })
    return try operation.evaluate(
      values: operands, facts.map(\.valueType), EvaluationContext())[0]
  }

  @Test func sizes() throws {
    let operation = SequenceSplit(axis: 1, keepDimensions: true)
    #expect(
      Probe.tensors(try split(operation, try Probe.whole([2], []))) == [[1, 2, 4, 5], [3, 6]])
    #expect(
      Probe.tensors(try split(operation, try Probe.whole([1, 2], [2]))) == [[1, 4], [2, 3, 5, 6]])
  }

  @Test func withoutSizes() throws {
    guard
      case .sequence(let parts, _) = try split(SequenceSplit(axis: -1, keepDimensions: false), nil)
    else {
      Issue.record("no sequence")
      return
    }
    #expect(parts.map { $0.tensor?.shape } == [[2], [2], [2]])
  }

  private static let bad: [[Int64]] = [[0], [-1], [1, 1], [.max, .max], [2, -1, 2]]

  @Test(arguments: bad) func refusesSizes(_ sizes: [Int64]) throws {
    let tensor = try Probe.whole(sizes, sizes.count == 1 ? [] : [sizes.count])
    #expect(throws: EvaluationError.self) {
      try split(SequenceSplit(axis: 1, keepDimensions: true), tensor)
    }
  }

  @Test func aPartMayBeLargerThanTheRest() throws {
    let operation = SequenceSplit(axis: 1, keepDimensions: true)
    #expect(Probe.tensors(try split(operation, try Probe.whole([.max], []))).count == 1)
  }
}
