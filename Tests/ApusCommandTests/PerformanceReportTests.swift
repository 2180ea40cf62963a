import ApusCommand
import Testing

@Suite struct PerformanceReportTests {
  private func report(_ computes: [Double], averageRuns: Int = 10) -> PerformanceReport {
    var start = 0.0
    var times: [QueryTime] = []
    for compute in computes {
      times.append(QueryTime(start: start, end: start + compute))
      start += compute
    }
    return PerformanceReport(
      times: times, wall: start / 1000, averageRuns: averageRuns, percentiles: [90, 95, 99])
  }

  private func information(_ report: PerformanceReport) -> [String] {
    report.entries.compactMap { if case .info(let text) = $0 { text } else { nil } }
  }

  private func warnings(_ report: PerformanceReport) -> [String] {
    report.entries.compactMap { if case .warning(let text) = $0 { text } else { nil } }
  }

  @Test func summaryBlock() {
    let report = report([1, 1, 1, 1, 1, 1, 1, 1, 1, 1.5], averageRuns: 4)
    #expect(
      information(report) == [
        "",
        "=== Trace details ===",
        "Trace averages of 4 runs:",
        "Average on 4 runs - GPU latency: 1 ms - Host latency: 1 ms (enqueue 0 ms)",
        "Average on 4 runs - GPU latency: 1 ms - Host latency: 1 ms (enqueue 0 ms)",
        "Average on 2 runs - GPU latency: 1.25 ms - Host latency: 1.25 ms (enqueue 0 ms)",
        "",
        "=== Performance summary ===",
        "Throughput: 952.381 qps",
        "Latency: min = 1 ms, max = 1.5 ms, mean = 1.05 ms, median = 1 ms, "
          + "percentile(90%) = 1 ms, percentile(95%) = 1.5 ms, percentile(99%) = 1.5 ms",
        "Enqueue Time: min = 0 ms, max = 0 ms, mean = 0 ms, median = 0 ms, "
          + "percentile(90%) = 0 ms, percentile(95%) = 0 ms, percentile(99%) = 0 ms",
        "H2D Latency: min = 0 ms, max = 0 ms, mean = 0 ms, median = 0 ms, "
          + "percentile(90%) = 0 ms, percentile(95%) = 0 ms, percentile(99%) = 0 ms",
        "GPU Compute Time: min = 1 ms, max = 1.5 ms, mean = 1.05 ms, median = 1 ms, "
          + "percentile(90%) = 1 ms, percentile(95%) = 1.5 ms, percentile(99%) = 1.5 ms",
        "D2H Latency: min = 0 ms, max = 0 ms, mean = 0 ms, median = 0 ms, "
          + "percentile(90%) = 0 ms, percentile(95%) = 0 ms, percentile(99%) = 0 ms",
        "Total Host Walltime: 0.0105 s",
        "Total GPU Compute Time: 0.0105 s",
        "Explanations of the performance metrics are printed in the verbose logs.",
      ])
    #expect(
      warnings(report).first
        == "* GPU compute time is unstable, with coefficient of variance = 14.2857%.")
  }

  @Test func steadyTimesWarnOfNothing() {
    #expect(warnings(report(Array(repeating: 2, count: 50))).isEmpty)
  }

  @Test func longTracesAreCutInTheMiddle() {
    let lines = information(report(Array(repeating: 1, count: 1000), averageRuns: 1))
    #expect(lines.contains("... Omitting 600 lines"))
    #expect(lines.count { $0.hasPrefix("Average on 1 runs") } == 400)
  }

  @Test func percentilesFollowTrtexec() {
    let summary = LatencySummary((1...200).map(Double.init), percentiles: [50, 90, 100, 0])
    #expect(summary.percentiles.map(\.value) == [100, 180, 200, 1])
    #expect(summary.median == 100.5)
    #expect(LatencySummary([], percentiles: [99]).line.hasSuffix("percentile(99%) = 0 ms"))
  }

  @Test func jsonText() {
    let value = JSON.object([
      "b": .list([.integer(1), .number(0.5), .null]), "a": .text("x\"\n\u{1}"),
      "c": .list([.object(["d": .boolean(true)])]), "e": .number(.infinity), "f": .object([:]),
    ])
    #expect(
      value.description == """
        {
          "a": "x\\"\\n\\u0001",
          "b": [1, 0.5, null],
          "c": [
            {
              "d": true
            }
          ],
          "e": "inf",
          "f": {}
        }
        """)
  }
}
