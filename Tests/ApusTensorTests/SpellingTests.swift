import ApusTensor
import Testing

@Suite("Spelling")
struct SpellingTests {
  @Test(
    "Distances count single edits",
    arguments: [
      ("", "", 0), ("", "abc", 3), ("conv", "conv", 0), ("conv", "cov", 1), ("conv", "convx", 1),
      ("kitten", "sitting", 3), ("naïve", "naive", 1),
    ])
  func distances(left: String, right: String, edits: Int) {
    #expect(Spelling.distance(left, right) == edits)
    #expect(Spelling.distance(right, left) == edits)
  }

  @Test("Names within the limit come nearest first, case ignored")
  func order() {
    let known = ["Softplus", "Softmax", "Softsign", "Conv", "LogSoftmax"]
    #expect(Spelling.nearest(to: "softmx", among: known) == ["Softmax"])
    #expect(Spelling.nearest(to: "SoftmaX", among: known).first == "Softmax")
    #expect(Spelling.nearest(to: "Cov", among: known) == ["Conv"])
    #expect(Spelling.nearest(to: "Cv", among: known).isEmpty)
    #expect(Spelling.nearest(to: "Cv", among: known, limit: 2) == ["Conv"])
    #expect(Spelling.nearest(to: "ba", among: ["b", "a"]) == ["a", "b"])
  }

  @Test("Nothing is near a name of absurd length, or an empty list")
  func bounds() {
    #expect(
      Spelling.nearest(to: String(repeating: "a", count: 65), among: ["a"], limit: 100).isEmpty)
    #expect(Spelling.nearest(to: "a", among: []).isEmpty)
    #expect(Spelling.nearest(to: "", among: ["a", "bc"]) == ["a"])
  }
}
