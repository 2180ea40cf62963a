#if Server
internal import CoreMetrics
internal import Synchronization
internal import Tracing

/// What the whole process counts and traces through swift-metrics and swift-distributed-tracing. Both take one end for
/// good, so later ones of the same process stay without.
enum Telemetry {
  /// Where metrics of libraries go.
  static let metrics: PrometheusMetrics = {
    let metrics = PrometheusMetrics(help: [
      "apus_open_connections": "Number of open connections",
      "apus_connections_total": "Number of connections taken since the start",
      "apus_connections_refused_total":
        "Number of connections closed at once, beyond the limit or while the server ends",
      "apus_spans_sent_total": "Number of spans that the collector took",
      "apus_spans_lost_total": "Number of spans that came too fast or that the collector refused",
    ])
    MetricsSystem.bootstrap(metrics)
    return metrics
  }()

  private static let isTraced = Mutex(false)

  /// Sends spans of the whole process to a tracer.
  static func use(_ tracer: SpanTracer) {
    isTraced.withLock { isTraced in
      if !isTraced { InstrumentationSystem.bootstrap(tracer) }
      isTraced = true
    }
  }
}
#endif
