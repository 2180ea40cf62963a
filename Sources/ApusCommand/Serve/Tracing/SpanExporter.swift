#if Server
internal import ApusServing
internal import Synchronization

/// Sends traces to a collector as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x, "OTLP/HTTP").
///
/// Spans are sent in groups, every few seconds; what a collector does not take is lost and said so, once a
/// group.
final class SpanExporter: Sendable {
  private struct State {
    var waiting: [TraceRecord] = []
    /// The last that was made; each waits for the one before.
    var sender: Task<Void, Never>?
    /// Whether that one has yet to take what waits.
    var isScheduled = false
    var dropped = 0
  }

  private let state = Mutex(State())
  private let onFailure: @Sendable (String) -> Void

  /// `onFailure` is told why spans were lost.
  init(onFailure: @escaping @Sendable (String) -> Void) { self.onFailure = onFailure }

  func add(_ record: TraceRecord) {
    state.withLock { state in
      guard state.waiting.count < record.settings.queueLimit else {
        state.dropped += 1
        return
      }
      state.waiting.append(record)
      guard !state.isScheduled else { return }
      state.isScheduled = true
      let delay = Duration.milliseconds(record.settings.exportDelay)
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
    let (records, dropped) = state.withLock { state in
      defer {
        state.waiting = []
        state.dropped = 0
        state.isScheduled = false
      }
      return (state.waiting, state.dropped)
    }
    if dropped > 0 { onFailure("\(dropped) spans came faster than they could be sent") }
    for (url, records) in Dictionary(grouping: records, by: \.settings.url) {
      var rest = records[...]
      while let first = rest.first {
        let group = rest.prefix(max(first.settings.exportBatch, 1))
        rest = rest.dropFirst(group.count)
        do { try await CollectorClient.post(SpanText.message(Array(group)).line, to: url) } catch {
          onFailure("\(url): \(error)")
        }
      }
    }
  }
}

#endif
