import ApusIR
import ApusTensor
import Testing

@Suite struct RegexMatchTests {
  @Test func wholeStrings() throws {
    let result = try MovementProbe.run(
      RegexMatch(pattern: "a+b?"), [TextProbe.texts(["aab", "aabc", ""], [3, 1])])[0]
    #expect(result.shape == [3, 1])
    #expect(try result.booleans() == [true, false, false])
  }

  @Test func badPatternsAreErrors() {
    #expect(throws: EvaluationError.self) {
      try MovementProbe.run(RegexMatch(pattern: "a("), [TextProbe.texts(["a"])])
    }
  }
}
