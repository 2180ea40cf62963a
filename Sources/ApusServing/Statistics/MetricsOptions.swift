/// What metrics hold besides counters, gauges and the histograms that are always there
/// (`--metrics-config`).
package struct MetricsOptions: Sendable {
  /// Sums of latencies in microseconds as counters.
  package var hasLatencyCounters = true
  /// `nv_inference_first_response_histogram_ms`.
  package var hasFirstResponseHistogram = false
  /// Latencies by quantile.
  package var hasSummaries = false
  package var quantiles = [0.5, 0.9, 0.95, 0.99, 0.999]

  /// The text of further families, to follow those of the models.
  package var more: @Sendable () -> String = { "" }

  package init() {}
}
