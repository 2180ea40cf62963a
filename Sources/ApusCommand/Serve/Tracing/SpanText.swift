#if Server
internal import ApusServing
internal import CApusPlatform

/// Spans in OTLP's JSON form (opentelemetry-proto, `ExportTraceServiceRequest`).
enum SpanText {
  static func message(_ records: [TraceRecord]) -> JSON {
    // Spans count from 1970, requests from the start of the machine.
    let offset = apus_clock_wall() &- apus_clock_monotonic()
    let resource = records.first?.settings.resource ?? [:]
    let attributes = resource.merging(["service.name": "apus"]) { own, _ in own }
      .sorted { $0.key < $1.key }
    return .object([
      "resourceSpans": .list([
        .object([
          "resource": .object(["attributes": .list(attributes.map { attribute($0, .text($1)) })]),
          "scopeSpans": .list([
            .object([
              "scope": .object(["name": .text("apus")]),
              "spans": .list(records.flatMap { spans($0, offset) }),
            ])
          ]),
        ])
      ])
    ])
  }

  private static func attribute(_ key: String, _ value: JSON) -> JSON {
    let kind = if case .integer = value { "intValue" } else { "stringValue" }
    return .object(["key": .text(key), "value": .object([kind: value])])
  }

  /// A span of the whole request, and one of the computation in it.
  private static func spans(_ record: TraceRecord, _ offset: UInt64) -> [JSON] {
    let (trace, parent) = identity(record.traceParent)
    let root = hex(.random(in: 1...UInt64.max))
    let times = record.times
    let stations: [(String, UInt64)] = [
      ("QUEUE_START", times.queueStart), ("COMPUTE_START", times.computeStart),
      ("COMPUTE_INPUT_END", times.inputEnd), ("COMPUTE_OUTPUT_START", times.outputStart),
      ("COMPUTE_END", times.computeEnd),
    ]
    var members: [String: JSON] = [
      "traceId": .text(trace), "spanId": .text(root), "name": .text("InferRequest"),
      // SPAN_KIND_SERVER
      "kind": .integer(2),
      "startTimeUnixNano": .text("\(times.arrival &+ offset)"),
      "endTimeUnixNano": .text("\(record.end &+ offset)"),
      "attributes": .list([
        attribute("triton.model_name", .text(record.model)),
        attribute("triton.model_version", .integer(record.version)),
        attribute("triton.request_id", .text(record.requestID)),
      ]),
      "events": .list(
        stations.filter { $0.1 > 0 }.map { name, time in
          .object(["name": .text(name), "timeUnixNano": .text("\(time &+ offset)")])
        }),
    ]
    if let parent { members["parentSpanId"] = .text(parent) }
    let compute: [String: JSON] = [
      "traceId": .text(trace), "spanId": .text(hex(.random(in: 1...UInt64.max))),
      "parentSpanId": .text(root), "name": .text("compute"),
      // SPAN_KIND_INTERNAL
      "kind": .integer(1),
      "startTimeUnixNano": .text("\(times.computeStart &+ offset)"),
      "endTimeUnixNano": .text("\(times.computeEnd &+ offset)"),
      "attributes": .list([attribute("triton.model_name", .text(record.model))]),
    ]
    return times.computeEnd > 0 ? [.object(members), .object(compute)] : [.object(members)]
  }

  /// Trace and parent span of a W3C `traceparent`, or a new trace without one.
  static func identity(_ traceParent: String?) -> (trace: String, parent: String?) {
    let parts = (traceParent ?? "").split(separator: "-", omittingEmptySubsequences: false)
    func isHex(_ text: Substring) -> Bool {
      text.allSatisfy { $0.isASCII && $0.isHexDigit && !$0.isUppercase }
    }
    if parts.count >= 4, parts[1].count == 32, parts[2].count == 16, isHex(parts[1]),
      isHex(parts[2])
    {
      return (String(parts[1]), String(parts[2]))
    }
    return (hex(.random(in: 1...UInt64.max)) + hex(.random(in: 0...UInt64.max)), nil)
  }

  private static func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
#endif
