#if Server
internal import Tracing

/// Spans in OTLP's JSON form (opentelemetry-proto, `ExportTraceServiceRequest`).
enum SpanText {
  /// `resource` are attributes of the server.
  static func message(_ spans: [FinishedSpan], resource: [String: String]) -> JSON {
    let resource = resource.merging(["service.name": "apus"]) { own, _ in own }
    let attributes = SpanAttributes(resource.mapValues(SpanAttribute.string))
    return .object([
      "resourceSpans": .list([
        .object([
          "resource": .object(["attributes": list(attributes)]),
          "scopeSpans": .list([
            .object(["scope": .object(["name": .text("apus")]), "spans": .list(spans.map(text))])
          ]),
        ])
      ])
    ])
  }

  private static func text(_ span: FinishedSpan) -> JSON {
    var members: [String: JSON] = [
      "traceId": .text(span.place.trace), "spanId": .text(span.place.span),
      "name": .text(span.name), "kind": .integer(number(span.kind)),
      // 64-bit integers are texts in protobuf's JSON.
      "startTimeUnixNano": .text("\(span.start)"), "endTimeUnixNano": .text("\(span.end)"),
      "attributes": list(span.attributes),
      "events": .list(
        span.events.map { event in
          .object([
            "name": .text(event.name), "timeUnixNano": .text("\(event.nanosecondsSinceEpoch)"),
            "attributes": list(event.attributes),
          ])
        }),
    ]
    if let parent = span.parent { members["parentSpanId"] = .text(parent) }
    let links = span.links.compactMap { link in
      link.context.span.map { (place: $0, attributes: link.attributes) }
    }
    if !links.isEmpty {
      members["links"] = .list(
        links.map { link in
          .object([
            "traceId": .text(link.place.trace), "spanId": .text(link.place.span),
            "attributes": list(link.attributes),
          ])
        })
    }
    if let status = span.status {
      var parts: [String: JSON] = ["code": .integer(status.code == .error ? 2 : 1)]
      if let message = status.message { parts["message"] = .text(message) }
      members["status"] = .object(parts)
    }
    return .object(members)
  }

  /// `SpanKind` of the protocol.
  private static func number(_ kind: SpanKind) -> Int {
    switch kind {
    case .server: 2
    case .client: 3
    case .producer: 4
    case .consumer: 5
    default: 1
    }
  }

  /// In the order of their names.
  private static func list(_ attributes: SpanAttributes) -> JSON {
    var found: [(String, JSON)] = []
    attributes.forEach { name, value in found.append((name, self.value(value))) }
    return .list(
      found.sorted { $0.0 < $1.0 }.map { .object(["key": .text($0.0), "value": $0.1]) })
  }

  /// An `AnyValue`.
  private static func value(_ attribute: SpanAttribute) -> JSON {
    func integer(_ value: some FixedWidthInteger) -> JSON {
      .object(["intValue": .text("\(value)")])
    }
    func double(_ value: Double) -> JSON { .object(["doubleValue": .number(value)]) }
    func bool(_ value: Bool) -> JSON { .object(["boolValue": .boolean(value)]) }
    func text(_ value: String) -> JSON { .object(["stringValue": .text(value)]) }
    func array(_ values: [JSON]) -> JSON {
      .object(["arrayValue": .object(["values": .list(values)])])
    }
    switch attribute {
    case .int32(let value): return integer(value)
    case .int64(let value): return integer(value)
    case .double(let value): return double(value)
    case .bool(let value): return bool(value)
    case .string(let value): return text(value)
    case .stringConvertible(let value): return text("\(value)")
    case .int32Array(let values): return array(values.map { integer($0) })
    case .int64Array(let values): return array(values.map { integer($0) })
    case .doubleArray(let values): return array(values.map(double))
    case .boolArray(let values): return array(values.map(bool))
    case .stringArray(let values): return array(values.map(text))
    case .stringConvertibleArray(let values): return array(values.map { text("\($0)") })
    default: return .object([:])
    }
  }
}
#endif
