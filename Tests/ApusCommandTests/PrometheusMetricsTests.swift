#if Server
import CoreMetrics
import Testing

@testable import ApusCommand

@Suite struct PrometheusMetricsTests {
  @Test func familiesInOrderWithTheirHelp() {
    let metrics = PrometheusMetrics(help: ["calls_total": "Number of calls"])
    let calls = Counter(
      label: "calls_total", dimensions: [("to", "b")], factory: metrics)
    calls.increment(by: 2)
    Counter(label: "calls_total", dimensions: [("to", "a\"\n\\")], factory: metrics).increment()
    Meter(label: "a.depth", factory: metrics).set(2.5)
    #expect(
      metrics.text == """
        # TYPE a_depth gauge
        a_depth 2.5
        # HELP calls_total Number of calls
        # TYPE calls_total counter
        calls_total{to="a\\"\\n\\\\"} 1
        calls_total{to="b"} 2

        """)
  }

  @Test func theSameLabelAndDimensionsAreOneSample() {
    let metrics = PrometheusMetrics()
    for _ in 0..<3 { Counter(label: "n", factory: metrics).increment() }
    #expect(metrics.text == "# TYPE n counter\nn 3\n")
  }

  @Test func aLabelKeepsItsKind() {
    let metrics = PrometheusMetrics()
    Counter(label: "n", factory: metrics).increment()
    Meter(label: "n", factory: metrics).set(7)
    #expect(metrics.text == "# TYPE n counter\nn 1\n")
  }

  @Test func metersGoUpAndDown() {
    let metrics = PrometheusMetrics()
    let meter = Meter(label: "open", factory: metrics)
    meter.increment(by: 3)
    meter.decrement()
    #expect(metrics.text == "# TYPE open gauge\nopen 2.0\n")
    meter.set(Double.infinity)
    #expect(metrics.text == "# TYPE open gauge\nopen +Inf\n")
  }

  @Test func recordersAreSummariesOrLastValues() {
    let metrics = PrometheusMetrics()
    let sizes = Recorder(label: "sizes", factory: metrics)
    sizes.record(3)
    sizes.record(4.5)
    let last = Gauge(label: "last", factory: metrics)
    last.record(1)
    last.record(9)
    #expect(
      metrics.text
        == "# TYPE last gauge\nlast 9.0\n# TYPE sizes summary\nsizes_sum 7.5\nsizes_count 2\n")
  }

  @Test func timersAreHistogramsInSeconds() {
    let metrics = PrometheusMetrics()
    let timer = CoreMetrics.Timer(label: "took_seconds", factory: metrics)
    timer.recordNanoseconds(1_500)
    timer.recordMilliseconds(2)
    let lines = metrics.text.split(separator: "\n")
    #expect(lines.first == "# TYPE took_seconds histogram")
    #expect(lines.contains("took_seconds_bucket{le=\"1e-06\"} 0"))
    #expect(lines.contains("took_seconds_bucket{le=\"2e-06\"} 1"))
    #expect(lines.contains("took_seconds_bucket{le=\"+Inf\"} 2"))
    #expect(lines.suffix(2) == ["took_seconds_sum 0.0020015", "took_seconds_count 2"])
  }

  @Test func whatIsDestroyedIsForgotten() {
    let metrics = PrometheusMetrics()
    let one = Counter(label: "n", dimensions: [("of", "one")], factory: metrics)
    Counter(label: "n", dimensions: [("of", "two")], factory: metrics).increment()
    one.destroy()
    #expect(metrics.text == "# TYPE n counter\nn{of=\"two\"} 1\n")
  }

  @Test func countersDoNotGoDown() {
    let metrics = PrometheusMetrics()
    let counter = Counter(label: "1st n", factory: metrics)
    counter.increment(by: 2)
    counter.increment(by: -5)
    #expect(metrics.text == "# TYPE _1st_n counter\n_1st_n 2\n")
    counter.reset()
    #expect(metrics.text == "# TYPE _1st_n counter\n_1st_n 0\n")
  }
}
#endif
