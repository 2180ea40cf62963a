internal import Foundation

/// Times of one query, in milliseconds since the trace began.
struct QueryTime: Sendable {
  var start: Double
  var end: Double
  var compute: Double { end - start }
}

/// The figures of trtexec's performance summary.
struct LatencySummary {
  let minimum: Double
  let maximum: Double
  let mean: Double
  let median: Double
  /// By percentage.
  let percentiles: [(Double, Double)]
  /// Standard deviation over mean.
  let variation: Double

  init(_ samples: [Double], percentiles wanted: [Double]) {
    let sorted = samples.sorted()
    let count = sorted.count
    minimum = sorted.first ?? 0
    maximum = sorted.last ?? 0
    mean = count == 0 ? 0 : sorted.reduce(0, +) / Double(count)
    median =
      count == 0
      ? 0 : count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2
    percentiles = wanted.map { percentage in
      guard count > 0 else { return (percentage, 0) }
      // trtexec's index: all - 1 - int((1 - p / 100) * all).
      let index = count - 1 - Int((1 - percentage / 100) * Double(count))
      return (percentage, sorted[min(max(index, 0), count - 1)])
    }
    let mean = self.mean
    let variance =
      count == 0 ? 0 : sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    variation = mean > 0 ? variance.squareRoot() / mean : 0
  }

  var line: String {
    var text = "min = \(Self.number(minimum)) ms, max = \(Self.number(maximum)) ms, "
    text += "mean = \(Self.number(mean)) ms, median = \(Self.number(median)) ms"
    for (percentage, value) in percentiles {
      text += ", percentile(\(Self.number(percentage))%) = \(Self.number(value)) ms"
    }
    return text
  }

  /// Six significant digits, as C++ streams print.
  static func number(_ value: Double) -> String { String(format: "%g", value) }
}
