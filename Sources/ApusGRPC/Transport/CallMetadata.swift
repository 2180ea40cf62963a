#if Server
internal import NIOHPACK

/// The headers of a call, with what every call asks of them.
final class CallMetadata: Sendable {
  private let headers: HPACKHeaders
  /// Whether names and the order of pseudo headers are those of a request.
  let isWellFormed: Bool
  /// Whether they begin a call of gRPC.
  let isCall: Bool
  let path: String
  /// How the client's messages are compressed; nil where it does not say.
  let encoding: String?
  /// How long the client waits, in nanoseconds; nil for ever.
  let timeout: Int64?
  /// The trace that the call belongs to (W3C `traceparent`).
  let traceParent: String?

  init(_ headers: HPACKHeaders) {
    self.headers = headers
    isWellFormed = headers.isWellFormed
    isCall =
      headers.first(name: ":method") == "POST"
      && headers.first(name: "content-type")?.hasPrefix("application/grpc") == true
    path = headers.first(name: ":path") ?? ""
    encoding = headers.first(name: "grpc-encoding")
    timeout = headers.first(name: "grpc-timeout").flatMap(Self.nanoseconds)
    traceParent = headers.first(name: "traceparent")
  }

  /// The first value of a name in lower case.
  func first(_ name: String) -> String? { headers.first(name: name) }

  /// Whether a header of a list names a value, such as `gzip` in `grpc-accept-encoding`.
  func lists(_ value: String, in name: String) -> Bool {
    headers[canonicalForm: name].contains { $0 == value }
  }

  /// Names in lower case and their values, without those of the protocol.
  var custom: [(name: String, value: String)] {
    headers.compactMap { name, value, _ in
      name.hasPrefix(":") || name.hasPrefix("grpc-") || name.hasSuffix("-bin")
        ? nil : (name.lowercased(), value)
    }
  }

  /// A duration as `grpc-timeout` writes it.
  private static func nanoseconds(_ text: String) -> Int64? {
    guard let unit = text.last, text.utf8.count <= 9,
      let count = Int64(text.dropLast()), count >= 0
    else { return nil }
    let factor: Int64
    switch unit {
    case "H": factor = 3_600_000_000_000
    case "M": factor = 60_000_000_000
    case "S": factor = 1_000_000_000
    case "m": factor = 1_000_000
    case "u": factor = 1000
    case "n": factor = 1
    default: return nil
    }
    let (product, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }
}
#endif
