#if Server
internal import ApusServing
internal import CoreMetrics
internal import Synchronization

/// One sample of a family, or the few lines that a summary or a histogram has.
protocol MetricSample: AnyObject, Sendable {
  func write(_ name: String, _ labels: [(String, String)], to writer: inout MetricsWriter)
}

final class CountSample: MetricSample, CounterHandler {
  private let count = Atomic<UInt64>(0)

  /// Counters do not go down.
  func increment(by amount: Int64) {
    if amount > 0 { count.wrappingAdd(UInt64(amount), ordering: .relaxed) }
  }

  func reset() { count.store(0, ordering: .relaxed) }

  func write(_ name: String, _ labels: [(String, String)], to writer: inout MetricsWriter) {
    writer.sample(name, labels, count.load(ordering: .relaxed))
  }
}

final class GaugeSample: MetricSample, MeterHandler, RecorderHandler {
  private let value = Mutex(0.0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { self.value.withLock { $0 = value } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(value) }
  func record(_ value: Double) { set(value) }

  func write(_ name: String, _ labels: [(String, String)], to writer: inout MetricsWriter) {
    writer.sample(name, labels, value.withLock { $0 })
  }
}

final class SummarySample: MetricSample, RecorderHandler {
  private let state = Mutex<(sum: Double, count: UInt64)>((0, 0))

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    state.withLock { state in
      state.sum += value
      state.count += 1
    }
  }

  func write(_ name: String, _ labels: [(String, String)], to writer: inout MetricsWriter) {
    let (sum, count) = state.withLock { $0 }
    writer.sample(name + "_sum", labels, sum)
    writer.sample(name + "_count", labels, count)
  }
}

final class TimeSample: MetricSample, TimerHandler {
  private let times = Mutex(Histogram())

  func recordNanoseconds(_ duration: Int64) {
    times.withLock { $0.add(UInt64(max(duration, 0))) }
  }

  func write(_ name: String, _ labels: [(String, String)], to writer: inout MetricsWriter) {
    writer.histogram(name, labels, times.withLock { $0 })
  }
}
#endif
