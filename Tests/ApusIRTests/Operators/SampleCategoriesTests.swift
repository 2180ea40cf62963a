import ApusIR
import ApusTensor
import Testing

@Suite struct SampleCategoriesTests {
  @Test func frequenciesFollowTheLogits() throws {
    let logits = try NumberProbe.real(
      [0, 1.0986122886681098, -.infinity, -.infinity, 0, -.infinity], [2, 3])
    let operation = SampleCategories(count: 4000, element: .int64, seed: 5)
    let found = try NumberProbe.run(operation, [logits])[0]
    let samples = try found.integers()
    #expect(found.shape == [2, 4000])
    let ones = samples.prefix(4000).filter { $0 == 1 }.count
    #expect((2880...3120).contains(ones))
    #expect(samples.suffix(4000).allSatisfy { $0 == 1 })
    #expect(!samples.prefix(4000).contains(2))
  }

  @Test func noCategories() throws {
    let none = try NumberProbe.real([], [1, 0])
    #expect(throws: EvaluationError.self) {
      try NumberProbe.run(SampleCategories(count: 1, element: .int32, seed: 1), [none])
    }
  }
}
