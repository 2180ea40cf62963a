import ApusTensor
import Testing

@testable import ApusServing

@Suite struct ClassificationTests {
  @Test func theHighestScoresComeFirst() throws {
    let host = try HostTensor(
      .float32, shape: [2, 3], .real([0.25, .nan, 0.5, 3, 1, 3]))
    let tensor = try #require(ServedTensor(host))
    let classes = try Classification.classes(
      tensor, count: 2, labels: ["cat", "dog"], isBatched: true, output: "o")
    guard case .bytes(let strings) = classes.content else {
      Issue.record("no texts")
      return
    }
    #expect(classes.shape == [2, 2])
    #expect(
      strings.elements.map { String(decoding: $0, as: UTF8.self) }
        == ["0.500000:2", "0.250000:0:cat", "3.000000:0:cat", "3.000000:2"])
  }

  @Test func emptyTensorsHaveNoClasses() throws {
    let tensor = try #require(ServedTensor(try HostTensor(zeros: .float32, shape: [0, 3])))
    let classes = try Classification.classes(
      tensor, count: 2, labels: [], isBatched: true, output: "o")
    #expect(classes.count == 0)
  }
}
