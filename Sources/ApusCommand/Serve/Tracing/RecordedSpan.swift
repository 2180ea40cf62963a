#if Server
internal import Synchronization
internal import Tracing

/// A span as it is sent. Times are nanoseconds since 1970.
struct FinishedSpan: Sendable {
  var name: String
  let kind: SpanKind
  let place: SpanPlace
  /// The span that it is part of; nil for the first of a trace.
  let parent: String?
  let start: UInt64
  var end: UInt64 = 0
  var attributes = SpanAttributes()
  var events: [SpanEvent] = []
  var links: [SpanLink] = []
  var status: SpanStatus?
}

/// A span that is under way.
final class RecordedSpan: Tracing.Span {
  let context: InstrumentationContext
  private let state: Mutex<FinishedSpan>
  private let isOver = Atomic(false)
  private let record: @Sendable (FinishedSpan) -> Void

  init(
    _ span: FinishedSpan, _ context: InstrumentationContext,
    _ record: @escaping @Sendable (FinishedSpan) -> Void
  ) {
    self.context = context
    state = Mutex(span)
    self.record = record
  }

  var operationName: String {
    get { state.withLock { $0.name } }
    set { change { $0.name = newValue } }
  }

  var attributes: SpanAttributes {
    get { state.withLock { $0.attributes } }
    set { change { $0.attributes = newValue } }
  }

  var isRecording: Bool { !isOver.load(ordering: .relaxed) }

  func setStatus(_ status: SpanStatus) { change { $0.status = status } }
  func addEvent(_ event: SpanEvent) { change { $0.events.append(event) } }
  func addLink(_ link: SpanLink) { change { $0.links.append(link) } }

  /// An event `exception` with the error's text (OpenTelemetry semantic conventions, "Exceptions").
  func recordError<Instant: TracerInstant>(
    _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
  ) {
    var attributes = attributes
    attributes["exception.type"] = "\(type(of: error))"
    attributes["exception.message"] = "\(error)"
    addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
  }

  /// Only the first end counts.
  func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
    guard !isOver.exchange(true, ordering: .relaxed) else { return }
    let end = instant().nanosecondsSinceEpoch
    record(
      state.withLock { span in
        span.end = end
        return span
      })
  }

  /// What comes after the end is left out, as the specification has it.
  private func change(_ body: (inout sending FinishedSpan) -> Void) {
    guard isRecording else { return }
    state.withLock { body(&$0) }
  }
}
#endif
