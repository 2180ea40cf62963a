#if Server
  package import ApusServing
  internal import CApusPlatform
  internal import NIOCore
  internal import NIOHTTP1
  internal import NIOPosix
  internal import Synchronization

  /// Sends traces to a collector as OTLP over HTTP in JSON (OpenTelemetry Protocol 1.x, "OTLP/HTTP").
  ///
  /// Spans are sent in groups, every few seconds; what a collector does not take is lost and said so, once a
  /// group.
  package final class SpanExporter: Sendable {
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
    package init(onFailure: @escaping @Sendable (String) -> Void) { self.onFailure = onFailure }

    package func add(_ record: TraceRecord) {
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
    package func close() async { await flush() }

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
        do { try await CollectorClient.post(SpanText.json(records), to: url) } catch {
          onFailure("\(url): \(error)")
        }
      }
    }
  }

  /// Spans in OTLP's JSON form.
  enum SpanText {
    static func json(_ records: [TraceRecord]) -> String {
      // Spans count from 1970, requests from the start of the machine.
      let offset = apus_clock_wall() &- apus_clock_monotonic()
      var writer = JSONWriter()
      writer.raw(
        #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"apus"}}]},"#
          + #""scopeSpans":[{"scope":{"name":"apus"},"spans":["#)
      for (index, record) in records.enumerated() {
        if index > 0 { writer.raw(",") }
        write(record, offset, to: &writer)
      }
      writer.raw("]}]}]}")
      return writer.text
    }

    private static func write(_ record: TraceRecord, _ offset: UInt64, to writer: inout JSONWriter)
    {
      let (trace, parent) = identity(record.traceParent)
      let span = hex(UInt64.random(in: 1...UInt64.max))
      writer.raw(#"{"traceId":"\#(trace)","spanId":"\#(span)","#)
      if let parent { writer.raw(#""parentSpanId":"\#(parent)","#) }
      writer.raw(#""name":"#)
      writer.string("InferRequest")
      writer.raw(
        #","kind":2,"startTimeUnixNano":"\#(record.times.arrival &+ offset)","#
          + #""endTimeUnixNano":"\#(record.end &+ offset)","attributes":["#
          + #"{"key":"triton.model_name","value":{"stringValue":"#)
      writer.string(record.model)
      writer.raw(
        #"}},{"key":"triton.model_version","value":{"intValue":"\#(record.version)"}},"#
          + #"{"key":"triton.request_id","value":{"stringValue":"#)
      writer.string(record.requestID)
      writer.raw(#"}}],"events":["#)
      let times = record.times
      let stations: [(String, UInt64)] = [
        ("QUEUE_START", times.queueStart), ("COMPUTE_START", times.computeStart),
        ("COMPUTE_INPUT_END", times.inputEnd), ("COMPUTE_OUTPUT_START", times.outputStart),
        ("COMPUTE_END", times.computeEnd),
      ]
      for (index, station) in stations.filter({ $0.1 > 0 }).enumerated() {
        if index > 0 { writer.raw(",") }
        writer.raw(#"{"name":"\#(station.0)","timeUnixNano":"\#(station.1 &+ offset)"}"#)
      }
      writer.raw("]}")
    }

    /// Trace and parent span of a W3C `traceparent`, or a new trace without one.
    static func identity(_ traceParent: String?) -> (trace: String, parent: String?) {
      let parts = (traceParent ?? "").split(separator: "-", omittingEmptySubsequences: false)
      let isHex = { (text: Substring) in text.allSatisfy { $0.isHexDigit && !$0.isUppercase } }
      if parts.count >= 4, parts[1].count == 32, parts[2].count == 16, isHex(parts[1]),
        isHex(parts[2])
      {
        return (String(parts[1]), String(parts[2]))
      }
      let high = UInt64.random(in: 1...UInt64.max)
      return (hex(high) + hex(UInt64.random(in: 0...UInt64.max)), nil)
    }

    private static func hex(_ number: UInt64) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }
#endif
