import ApusIR
import ApusTensor
import Testing

@Suite struct StringNormalizeTests {
  private func words(
    _ operation: StringNormalize, _ texts: [String], _ shape: [Int]? = nil
  ) throws -> (words: [String], shape: [Int]) {
    let result = try NumberProbe.run(operation, [TextProbe.texts(texts, shape)])[0]
    return (TextProbe.texts(result), result.shape)
  }

  @Test func removesWords() throws {
    let any = StringNormalize(letterCase: .unchanged, removed: ["Monday"], matchesCase: false)
    #expect(try words(any, ["monday", "MONDAY", "b"]).words == ["b"])
    let exact = StringNormalize(letterCase: .upper, removed: ["Monday"], matchesCase: true)
    let found = try words(exact, ["monday", "Monday", "ä"], [1, 3])
    #expect(found.words == ["MONDAY", "Ä"])
    #expect(found.shape == [1, 2])
  }

  @Test func nothingLeftIsOneEmptyString() throws {
    let operation = StringNormalize(letterCase: .lower, removed: ["a"], matchesCase: false)
    #expect(try words(operation, ["a", "A"], [1, 2]) == ([""], [1, 1]))
    #expect(try words(operation, []) == ([""], [1]))
  }

  @Test func refusesTables() {
    #expect(throws: TypeError.self) {
      try words(StringNormalize(), ["a", "b", "c", "d"], [2, 2])
    }
  }
}
