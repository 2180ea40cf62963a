#if Server
import Synchronization
import Testing
import Tracing

@testable import ApusCommand

@Suite struct SpanTracerTests {
  /// Spans in the order of their ends.
  private final class Recorder: Sendable {
    private let list = Mutex<[FinishedSpan]>([])
    var tracer: SpanTracer { SpanTracer { span in self.list.withLock { $0.append(span) } } }
    var spans: [FinishedSpan] { list.withLock { $0 } }
  }

  private struct Headers: Extractor, Injector {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
      carrier[key] = value
    }
  }

  private func at(_ time: UInt64) -> DefaultTracerClock.Timestamp {
    DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: time)
  }

  @Test func spansInASpanArePartOfIt() throws {
    let recorder = Recorder()
    let tracer = recorder.tracer
    tracer.withSpan("outer") { _ in tracer.withSpan("inner") { _ in } }
    tracer.withSpan("other") { _ in }
    let spans = recorder.spans
    try #require(spans.map(\.name) == ["inner", "outer", "other"])
    #expect(spans[0].parent == spans[1].place.span)
    #expect(spans[0].place.trace == spans[1].place.trace)
    #expect(spans[1].parent == nil)
    #expect(spans[2].place.trace != spans[1].place.trace)
    #expect(Set(spans.map(\.place.span)).count == 3)
    #expect(spans.allSatisfy { $0.place.trace.count == 32 && $0.place.span.count == 16 })
  }

  @Test func aTraceGoesOnFromAClientAndToAnother() throws {
    let recorder = Recorder()
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    var context = InstrumentationContext.topLevel
    recorder.tracer.extract(
      ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"], into: &context, using: Headers())
    let span = recorder.tracer.startSpan("here", context: context)
    var sent: [String: String] = [:]
    recorder.tracer.inject(span.context, into: &sent, using: Headers())
    span.end()
    let ended = try #require(recorder.spans.first)
    #expect(ended.place.trace == trace)
    #expect(ended.parent == "00f067aa0ba902b7")
    #expect(sent["traceparent"] == "00-\(trace)-\(ended.place.span)-01")
  }

  @Test(arguments: [
    "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473ü-00f067aa0ba902b7-01",
  ]) func headersThatSayNothingBeginATrace(header: String) {
    #expect(SpanPlace(traceParent: header) == nil)
  }

  @Test func onlyTheFirstEndCounts() throws {
    let recorder = Recorder()
    let span = recorder.tracer.startSpan("once", context: .topLevel, at: at(5))
    #expect(span.isRecording)
    span.attributes["kept"] = 1
    span.end(at: at(9))
    span.attributes["late"] = 1
    span.addEvent("late")
    span.end(at: at(11))
    #expect(!span.isRecording)
    try #require(recorder.spans.count == 1)
    let ended = recorder.spans[0]
    #expect((ended.start, ended.end) == (5, 9))
    #expect(ended.attributes.count == 1 && ended.events.isEmpty)
  }

  @Test func spansAreWrittenAsTheProtocolHasThem() {
    let recorder = Recorder()
    let span = recorder.tracer.startSpan("work", context: .topLevel, ofKind: .server, at: at(5))
    span.attributes["count"] = 3
    span.attributes["names"] = SpanAttribute.stringArray(["a", "b"])
    span.attributes["share"] = 0.5
    span.attributes["isGood"] = true
    span.addEvent(SpanEvent(name: "half", at: at(7)))
    span.addLink(SpanLink(context: .topLevel, attributes: [:]))
    span.setStatus(SpanStatus(code: .error, message: "broken"))
    span.end(at: at(9))
    let place = recorder.spans[0].place
    let text = SpanText.message(recorder.spans, resource: ["zone": "b"]).line
    #expect(
      text == """
        {"resourceSpans":[{"resource":{"attributes":[\
        {"key":"service.name","value":{"stringValue":"apus"}},{"key":"zone","value":{"stringValue":"b"}}]},\
        "scopeSpans":[{"scope":{"name":"apus"},"spans":[{"attributes":[\
        {"key":"count","value":{"intValue":"3"}},{"key":"isGood","value":{"boolValue":true}},\
        {"key":"names","value":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}},\
        {"key":"share","value":{"doubleValue":0.5}}],"endTimeUnixNano":"9",\
        "events":[{"attributes":[],"name":"half","timeUnixNano":"7"}],"kind":2,"name":"work",\
        "spanId":"\(place.span)","startTimeUnixNano":"5","status":{"code":2,"message":"broken"},\
        "traceId":"\(place.trace)"}]}]}]}
        """)
  }

  @Test func errorsAreEvents() throws {
    struct Broken: Error {}
    let recorder = Recorder()
    #expect(throws: Broken.self) { try recorder.tracer.withSpan("fails") { _ in throw Broken() } }
    let span = try #require(recorder.spans.first)
    #expect(span.status?.code == .error)
    #expect(span.events.map(\.name) == ["exception"])
    #expect(span.events[0].attributes["exception.type"]?.toSpanAttribute() == .string("Broken"))
  }
}
#endif
