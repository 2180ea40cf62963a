import ApusCommand
import ApusTensor
import Testing

@Suite struct ComparisonTests {
  private func tensor(_ values: [Double]) throws -> HostTensor {
    try HostTensor(.float32, shape: [values.count], .real(values))
  }

  @Test func tolerances() throws {
    let found = try tensor([100, 0.1])
    let expected = try tensor([100.05, 0])
    let close = Comparison(
      found: found, expected: expected, tolerance: .scaled(relative: 1e-2, absolute: 0))
    #expect(close.agrees)
    let strict = Comparison(
      found: found, expected: expected, tolerance: .elementwise(relative: 1e-2, absolute: 0))
    #expect(!strict.agrees)
    #expect(strict.outside == 1)
    #expect("\(strict)" == "DIFFERS in 1 of 2 elements, largest difference 0.1 of 100.05")
  }

  @Test func notANumberEqualsItself() throws {
    let values = try tensor([.nan, .infinity, 1])
    let same = Comparison(
      found: values, expected: values, tolerance: .elementwise(relative: 0, absolute: 0))
    #expect(same.agrees)
    #expect(same.foundNonFinite == 2)
    let other = Comparison(
      found: try tensor([.nan, .infinity, .nan]), expected: values,
      tolerance: .elementwise(relative: 1, absolute: 1))
    #expect(!other.agrees)
    #expect(other.largestDifference == .infinity)
  }

  @Test func typesMustBeEqual() throws {
    let comparison = Comparison(
      found: try tensor([1]), expected: try tensor([1, 2]),
      tolerance: .elementwise(relative: 1, absolute: 1))
    #expect("\(comparison)" == "DIFFERS: f32[1], expected f32[2]")
  }
}
