/// What trtexec prints about a timing trace. This build computes on the CPU: its time stands where
/// trtexec has the GPU's, and transfers and queueing take none.
package struct PerformanceReport: Sendable {
  package let times: [QueryTime]
  /// Seconds from the first query's start to the last one's end.
  package let wall: Double
  package let averageRuns: Int
  package let percentiles: [Double]
  package let streams: Int

  package init(
    times: [QueryTime], wall: Double, averageRuns: Int, percentiles: [Double], streams: Int = 1
  ) {
    self.times = times
    self.wall = wall
    self.averageRuns = max(averageRuns, 1)
    self.percentiles = percentiles
    self.streams = streams
  }

  package var throughput: Double { wall > 0 ? Double(times.count) / wall : 0 }
  package var latency: LatencySummary {
    LatencySummary(times.map(\.compute), percentiles: percentiles)
  }

  package var entries: [LogEntry] { trace + summary + warnings + closing }

  /// Lines of a trace beyond this many are cut in the middle.
  private static let traceLimit = 400

  private var trace: [LogEntry] {
    var lines: [String] = []
    for start in stride(from: 0, to: times.count, by: averageRuns) {
      let group = times[start..<min(start + averageRuns, times.count)]
      let mean = Terminal.general(group.reduce(0) { $0 + $1.compute } / Double(group.count))
      lines.append(
        "Average on \(group.count) runs - GPU latency: \(mean) ms - Host latency: \(mean) ms "
          + "(enqueue 0 ms)")
    }
    if lines.count > Self.traceLimit {
      let omitted = lines.count - Self.traceLimit
      let half = Self.traceLimit / 2
      lines.replaceSubrange(half..<(half + omitted), with: ["... Omitting \(omitted) lines"])
    }
    return (["", "=== Trace details ===", "Trace averages of \(averageRuns) runs:"] + lines)
      .map(LogEntry.info)
  }

  private var summary: [LogEntry] {
    let latency = latency.line
    let none = LatencySummary([0], percentiles: percentiles).line
    let computing = times.reduce(0) { $0 + $1.compute } / 1000
    return [
      "",
      "=== Performance summary ===",
      "Throughput: \(Terminal.general(throughput)) qps",
      "Latency: \(latency)",
      "Enqueue Time: \(none)",
      "H2D Latency: \(none)",
      "GPU Compute Time: \(latency)",
      "D2H Latency: \(none)",
      "Total Host Walltime: \(Terminal.general(wall)) s",
      "Total GPU Compute Time: \(Terminal.general(computing)) s",
    ].map(LogEntry.info)
  }

  private var warnings: [LogEntry] {
    var warnings: [LogEntry] = []
    let variation = latency.variation * 100
    if variation > 2.5 {
      warnings.append(
        .warning(
          "* GPU compute time is unstable, with coefficient of variance = "
            + "\(Terminal.general(variation))%."))
      warnings.append(
        .warning("  Other processes may share this CPU; a longer --warmUp or --duration helps."))
    }
    if streams > 1 {
      warnings.append(
        .warning("* With several inference streams latency includes the time others compute."))
    }
    return warnings
  }

  private var closing: [LogEntry] {
    [
      .info("Explanations of the performance metrics are printed in the verbose logs."),
      .verbose(""),
      .verbose("=== Explanations of the performance metrics ==="),
      .verbose("GPU Compute Time: the time of one query. This build computes on the CPU."),
      .verbose("Enqueue Time, H2D Latency, D2H Latency: 0, as nothing is queued or transferred."),
      .verbose("Latency: the sum of H2D Latency, GPU Compute Time and D2H Latency."),
      .verbose("Total Host Walltime: from the start of the first query to the end of the last."),
      .verbose("Total GPU Compute Time: the sum of GPU Compute Time over all queries."),
      .verbose("Throughput: queries divided by Total Host Walltime."),
    ]
  }

  /// The figures for `--json`.
  package var json: [String: JSON] {
    let latency = latency
    var figures: [String: JSON] = [
      "min": .number(latency.minimum), "max": .number(latency.maximum),
      "mean": .number(latency.mean), "median": .number(latency.median),
      "variation": .number(latency.variation),
    ]
    for (percentage, value) in latency.percentiles {
      figures["p\(Terminal.general(percentage))"] = .number(value)
    }
    return [
      "queries": .integer(times.count), "throughput": .number(throughput),
      "wallSeconds": .number(wall), "streams": .integer(streams), "latencyMs": .object(figures),
    ]
  }
}
