import ApusIR
import ApusTensor
import Testing

@Suite struct StringConcatTests {
  @Test func broadcasts() throws {
    let result = try MovementProbe.run(
      StringConcat(), [TextProbe.texts(["a", "ü"], [2, 1]), TextProbe.texts(["x", "", "日"])])[0]
    #expect(result.shape == [2, 3])
    #expect(TextProbe.texts(result) == ["ax", "a", "a日", "üx", "ü", "ü日"])
  }

  @Test func refusesNumbers() {
    #expect(throws: TypeError.self) {
      try MovementProbe.run(
        StringConcat(), [TextProbe.texts(["a"]), MovementProbe.vector([1])])
    }
  }
}
