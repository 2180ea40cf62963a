import ApusIR
import ApusTensor
import Testing

@Suite struct SequenceAtTests {
  typealias Probe = ValueProbe

  private static let text = """
    graph "g" (%s: sequence(f32[n]), %i: i64[]) {
      %v = sequence_at(%s, %i)
      %r = unary(%v) {function: negate}
      return %r as "r"
    }
    """

  private static let cases: [(Int64, [Double])] = [(0, [-1]), (1, [-2, -3]), (-1, [-2, -3])]

  @Test(arguments: cases)
  func reads(position: Int64, expected: [Double]) throws {
    let sequence = Probe.floats([try Probe.real([1], [1]), try Probe.real([2, 3], [2])])
    let results = try Probe.run(
      Self.text, [sequence, .tensor(try Probe.whole([position], []))])
    #expect(Probe.tensors(results[0]) == [expected])
  }

  @Test func refusesATensor() {
    #expect(throws: TypeError.self) {
      try infer(SequenceAt(), [Fact(.float32, [2]), Fact(.int64, [])])
    }
  }
}
