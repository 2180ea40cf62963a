#if Server
  internal import ApusServing
  internal import CApusPlatform
  internal import NIOCore
  internal import NIOHTTP1
  internal import NIOPosix
  internal import Synchronization

  /// Sends traces to a collector as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x, "OTLP/HTTP").
  ///
  /// Spans are sent in groups, every few seconds; what a collector does not take is lost and said so, once a
  /// group.
  final class SpanExporter: Sendable {
    private struct State {
      var waiting: [TraceRecord] = []
      var sender: Task<Void, Never>?
      var dropped = 0
    }

    private static let limit = 2048
    private static let period = Duration.seconds(2)

    private let state = Mutex(State())
    private let onFailure: @Sendable (String) -> Void

    /// `onFailure` is told why spans were lost.
    init(onFailure: @escaping @Sendable (String) -> Void) { self.onFailure = onFailure }

    func add(_ record: TraceRecord) {
      state.withLock { state in
        guard state.waiting.count < Self.limit else {
          state.dropped += 1
          return
        }
        state.waiting.append(record)
        if state.sender == nil { state.sender = Task { [weak self] in await self?.sendSoon() } }
      }
    }

    private func sendSoon() async {
      try? await Task.sleep(for: Self.period)
      await flush()
    }

    /// Sends what waits.
    func close() async { await flush() }

    private func flush() async {
      let (records, dropped) = state.withLock { state in
        defer {
          state.waiting = []
          state.dropped = 0
          state.sender = nil
        }
        return (state.waiting, state.dropped)
      }
      if dropped > 0 { onFailure("\(dropped) spans came faster than they could be sent") }
      for (url, records) in Dictionary(grouping: records, by: \.settings.url) {
        do { try await CollectorClient.post(SpanText.message(records).line, to: url) } catch {
          onFailure("\(url): \(error)")
        }
      }
    }
  }

  #endif
