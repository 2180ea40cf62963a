import ApusIR
import ApusTensor
import Testing

@Suite struct PairwiseDecisionTests {
  typealias Probe = NumberProbe

  /// Three classes with one vector each; the expected numbers are ONNX Runtime's.
  @Test func threeClasses() throws {
    let similarity = try Probe.real([2.25, 0.25, 0.25], [1, 3])
    let found = try Probe.reals(
      PairwiseDecision(),
      [
        similarity, Probe.real([1, -1, 0.5, 0.2, 0.3, -0.4], [2, 3]),
        Probe.real([0.1, 0.2, 0.3], [3]), MovementProbe.vector([1, 1, 1]),
      ])
    #expect(Probe.close(found, [2.1, 0.775, 0.275]))
  }

  @Test func sizesMustFit() throws {
    for sizes in [[2, 2], [-1, 3], [1, 1, 1], []] {
      #expect(throws: EvaluationError.self) {
        try Probe.run(
          PairwiseDecision(),
          [
            Probe.real([1, 2, 3], [1, 3]), Probe.real([1, 2, 3], [1, 3]), Probe.real([0], [1]),
            MovementProbe.vector(sizes),
          ])
      }
    }
  }
}
