#if Server
internal import ApusServing
internal import CoreMetrics
internal import Synchronization

/// Sends spans to a collector as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x, "OTLP/HTTP").
///
/// Spans are sent in groups, every few seconds; what a collector does not take is lost and said so, once a
/// group.
final class SpanExporter: Sendable {
  private struct State {
    var waiting: [FinishedSpan] = []
    /// The last that was made; each waits for the one before.
    var sender: Task<Void, Never>?
    /// Whether that one has yet to take what waits.
    var isScheduled = false
    var dropped = 0
  }

  private let state = Mutex(State())
  private let settings: TraceSettings
  private let onFailure: @Sendable (String) -> Void
  private let sent = Counter(label: "apus_spans_sent_total")
  private let lost = Counter(label: "apus_spans_lost_total")

  /// `onFailure` is told why spans were lost.
  init(_ settings: TraceSettings, onFailure: @escaping @Sendable (String) -> Void) {
    self.settings = settings
    self.onFailure = onFailure
  }

  func add(_ span: FinishedSpan) {
    state.withLock { state in
      guard state.waiting.count < settings.queueLimit else {
        state.dropped += 1
        return
      }
      state.waiting.append(span)
      guard !state.isScheduled else { return }
      state.isScheduled = true
      let delay = Duration.milliseconds(settings.exportDelay)
      state.sender = Task { [weak self, previous = state.sender] in
        try? await Task.sleep(for: delay)
        await previous?.value
        await self?.flush()
      }
    }
  }

  /// Sends what waits; returns when that and what is on its way has arrived.
  func close() async {
    let sender = state.withLock { $0.sender }
    sender?.cancel()
    await sender?.value
    await flush()
  }

  private func flush() async {
    let (spans, dropped) = state.withLock { state in
      defer {
        state.waiting = []
        state.dropped = 0
        state.isScheduled = false
      }
      return (state.waiting, state.dropped)
    }
    if dropped > 0 {
      lost.increment(by: dropped)
      onFailure("\(dropped) spans came faster than they could be sent")
    }
    var rest = spans[...]
    while !rest.isEmpty {
      let group = Array(rest.prefix(max(settings.exportBatch, 1)))
      rest = rest.dropFirst(group.count)
      let message = SpanText.message(group, resource: settings.resource).line
      do {
        try await CollectorClient.post(message, to: settings.url)
        sent.increment(by: group.count)
      } catch {
        lost.increment(by: group.count)
        onFailure("\(settings.url): \(error)")
      }
    }
  }
}
#endif
