/// Times of one query, in milliseconds since the trace began.
package struct QueryTime: Sendable {
  package var start: Double
  package var end: Double
  package var compute: Double { end - start }

  package init(start: Double, end: Double) {
    self.start = start
    self.end = end
  }
}

/// The figures of trtexec's performance summary, in milliseconds.
package struct LatencySummary: Sendable {
  package let minimum: Double
  package let maximum: Double
  package let mean: Double
  package let median: Double
  package let percentiles: [(percentage: Double, value: Double)]
  /// Standard deviation over mean.
  package let variation: Double

  package init(_ samples: [Double], percentiles wanted: [Double]) {
    let sorted = samples.sorted()
    let count = sorted.count
    let mean = count == 0 ? 0 : sorted.reduce(0, +) / Double(count)
    let middle = count / 2
    minimum = sorted.first ?? 0
    maximum = sorted.last ?? 0
    self.mean = mean
    median =
      count == 0 ? 0 : count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    percentiles = wanted.map { percentage in
      guard count > 0 else { return (percentage, 0) }
      // trtexec's index, in single precision as there.
      let index = count - 1 - Int((1 - Float(percentage) / 100) * Float(count))
      return (percentage, sorted[min(max(index, 0), count - 1)])
    }
    let variance =
      count == 0 ? 0 : sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    variation = mean > 0 ? variance.squareRoot() / mean : 0
  }

  package var line: String {
    var text = "min = \(Terminal.general(minimum)) ms, max = \(Terminal.general(maximum)) ms, "
    text += "mean = \(Terminal.general(mean)) ms, median = \(Terminal.general(median)) ms"
    for (percentage, value) in percentiles {
      text += ", percentile(\(Terminal.general(percentage))%) = \(Terminal.general(value)) ms"
    }
    return text
  }
}
