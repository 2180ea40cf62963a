import Testing

@testable import ApusServing

@Suite struct HistogramTests {
  @Test func quantilesLieWithinABucket() {
    var histogram = Histogram()
    for microseconds in 1...1000 { histogram.add(UInt64(microseconds) * 1000) }
    #expect(histogram.total == 1000)
    for fraction in [0.5, 0.9, 0.99] {
      let exact = fraction * 1_000_000
      let read = Double(histogram.quantile(fraction))
      #expect(read >= exact && read <= exact * 1.2)
    }
    #expect(Histogram().quantile(0.5) == 0)
  }
}
