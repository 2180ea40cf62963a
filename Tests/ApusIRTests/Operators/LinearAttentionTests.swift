import ApusIR
import ApusTensor
import Testing

@Suite struct LinearAttentionTests {
  typealias Probe = NumberProbe

  private let ones = (0..<3).map { _ in 1.0 }

  @Test func sumsOuterProducts() throws {
    let row = try Probe.real(ones, [1, 3, 1])
    let found = try Probe.run(LinearAttention(queryHeads: 1, keyHeads: 1), [row, row, row])
    #expect(try found[0].reals() == [1, 2, 3])
    #expect(found[1].shape == [1, 1, 1, 1])
    #expect(try found[1].reals() == [3])
  }

  @Test func decaysAndCorrects() throws {
    let row = try Probe.real([1, 1], [1, 2, 1])
    let state = try Probe.real([4], [1, 1, 1, 1])
    let half = try Probe.real([-0.6931471805599453, -0.6931471805599453], [1, 2, 1])
    let operation = LinearAttention(queryHeads: 1, keyHeads: 1, scale: 2)
    let gated = try Probe.run(operation, [row, row, row, state, half])
    #expect(Probe.close(try gated[0].reals(), [6, 5]))
    let delta = try Probe.run(
      operation, [row, row, row, state, nil, half.replacing(.real([0.5, 0.5]))])
    #expect(try delta[0].reals() == [5, 3.5])
  }

  @Test func queryHeadsShareKeyHeads() throws {
    let query = try Probe.real([1, 2], [1, 1, 2])
    let one = try Probe.real([3], [1, 1, 1])
    let found = try Probe.reals(LinearAttention(queryHeads: 2, keyHeads: 1), [query, one, one])
    #expect(found == [9, 18])
    #expect(throws: TypeError.self) {
      try Probe.type(
        LinearAttention(queryHeads: 3, keyHeads: 2),
        Array(repeating: TensorType(.float32, [1, 1, 6]), count: 3))
    }
  }

  @Test func emptySequencesKeepTheState() throws {
    let empty = try Probe.real([], [1, 0, 1])
    let state = try Probe.real([4], [1, 1, 1, 1])
    let found = try Probe.run(
      LinearAttention(queryHeads: 1, keyHeads: 1), [empty, empty, empty, state])
    #expect(found[0].shape == [1, 0, 1])
    #expect(try found[1].reals() == [4])
  }
}
