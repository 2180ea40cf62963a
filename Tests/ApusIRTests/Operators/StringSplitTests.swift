import ApusIR
import ApusTensor
import Testing

@Suite struct StringSplitTests {
  private func split(
    _ text: String, _ delimiter: String = "", limit: Int? = nil
  ) throws -> [String] {
    let results = try NumberProbe.run(
      StringSplit(delimiter: delimiter, limit: limit), [TextProbe.texts([text])])
    #expect(results[0].shape == [1, try results[1].integers()[0]])
    return TextProbe.texts(results[0])
  }

  @Test func whiteSpace() throws {
    #expect(try split("  a b\t\n c  ") == ["a", "b", "c"])
    #expect(try split("  a b  c  ", limit: 1) == ["a", "b  c"])
    #expect(try split("  a b ", limit: 0) == ["a b"])
    #expect(try split("   ") == [])
  }

  @Test func delimiters() throws {
    #expect(try split("a,b,,c", ",") == ["a", "b", "", "c"])
    #expect(try split("a,b,,c", ",", limit: 2) == ["a", "b", ",c"])
    #expect(try split("xx", "xx") == ["", ""])
    #expect(try split("axxxb", "xx") == ["a", "xb"])
    #expect(try split("", ",") == [""])
  }

  @Test func listsArePadded() throws {
    let results = try NumberProbe.run(
      StringSplit(), [TextProbe.texts(["a b", "", "c"], [3, 1])])
    #expect(results[0].shape == [3, 1, 2])
    #expect(TextProbe.texts(results[0]) == ["a", "b", "", "", "c", ""])
    #expect(try results[1].integers() == [2, 0, 1])
    let empty = try NumberProbe.run(StringSplit(), [TextProbe.texts([], [0, 3])])
    #expect(empty[0].shape == [0, 3, 0])
  }
}
