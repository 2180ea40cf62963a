#if Server
internal import Tracing

/// The server's end of swift-distributed-tracing: spans of its requests and of whatever else starts some, handed to
/// `record` when they end.
struct SpanTracer: Tracer {
  private let record: @Sendable (FinishedSpan) -> Void

  /// `record` must not block.
  init(record: @escaping @Sendable (FinishedSpan) -> Void) { self.record = record }

  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext,
    ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
    file fileID: String, line: UInt
  ) -> RecordedSpan {
    var context = context()
    let parent = context.span
    let place = SpanPlace(below: parent)
    context.span = place
    let span = FinishedSpan(
      name: operationName, kind: kind, place: place, parent: parent?.span,
      start: instant().nanosecondsSinceEpoch)
    return RecordedSpan(span, context, record)
  }

  func forceFlush() {}

  // MARK: Between processes (W3C Trace Context)

  private static let header = "traceparent"

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    guard let text = extractor.extract(key: Self.header, from: carrier) else { return }
    if let place = SpanPlace(traceParent: text) { context.span = place }
  }

  func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let place = context.span else { return }
    injector.inject(place.traceParent, forKey: Self.header, into: &carrier)
  }
}
#endif
