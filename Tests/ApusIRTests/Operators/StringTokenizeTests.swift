import ApusIR
import ApusTensor
import Testing

@Suite struct StringTokenizeTests {
  private func tokens(
    _ texts: [String], token: String = "", separators: [String] = [], shortest: Int = 1,
    isMarked: Bool = false
  ) throws -> [String] {
    let operation = StringTokenize(
      token: token, separators: separators, shortest: shortest, padding: "#", isMarked: isMarked)
    return TextProbe.texts(try NumberProbe.run(operation, [TextProbe.texts(texts)])[0])
  }

  @Test func words() throws {
    #expect(try tokens(["a, bc!", ""], token: "\\w+") == ["a", "bc", "#", "#"])
    #expect(try tokens(["a, bc!"], token: "\\w+", shortest: 2) == ["bc"])
    #expect(try tokens(["aab"], token: "a*?") == [])
    #expect(try tokens(["aabab"], token: "a+?b|a") == ["aab", "ab"])
  }

  @Test func separators() throws {
    #expect(try tokens(["a;b,,c"], separators: [";", ",+"]) == ["a", "b", "c"])
    #expect(try tokens(["éa"]) == ["é", "a"])
  }

  @Test func marks() throws {
    #expect(
      try tokens(["a b", "c"], separators: [" "], isMarked: true)
        == ["\u{2}", "a", "b", "\u{3}", "\u{2}", "c", "#", "\u{3}"])
    #expect(try tokens([""], isMarked: true) == [])
  }
}
