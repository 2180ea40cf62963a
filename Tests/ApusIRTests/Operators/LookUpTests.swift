import ApusIR
import ApusTensor
import Testing

@Suite struct LookUpTests {
  typealias Probe = MovementProbe

  @Test func lastKeyWinsAndTheRestFallsBack() throws {
    let result = try Probe.run(
      LookUp(),
      [
        Probe.tensor([2, 7, 1], [3, 1]), Probe.vector([1, 2, 2]), TextProbe.texts(["a", "b", "c"]),
        TextProbe.texts(["?"], []),
      ])[0]
    #expect(result.shape == [3, 1])
    #expect(TextProbe.texts(result) == ["c", "?", "a"])
  }

  @Test func nansAreEqualAndSoAreZeros() throws {
    let found = try NumberProbe.run(
      LookUp(),
      [
        NumberProbe.real([.nan, -0.0, 1], [3]), NumberProbe.real([0, .nan], [2]),
        Probe.vector([5, 6]), Probe.tensor([-1], []),
      ])[0]
    #expect(try found.integers() == [6, 5, -1])
  }

  @Test func withoutFallbackUnknownKeysAreErrors() throws {
    #expect(throws: EvaluationError.value("'b' is no key of the table")) {
      try Probe.run(
        LookUp(), [TextProbe.texts(["b"]), TextProbe.texts(["a"]), Probe.vector([1])])
    }
    #expect(throws: EvaluationError.self) {
      try Probe.run(LookUp(), [Probe.vector([1]), Probe.vector([1]), Probe.vector([])])
    }
  }
}
