#if Server
import ApusServing
import NIOCore
import NIOHTTP1

@testable import ApusHTTP

/// What a call was answered with, as far as tests look.
struct Outcome {
  let status: Int
  let contentType: String?
  let headers: [String: String]
  let body: [UInt8]
  /// Of an answer of many parts.
  let parts: [String]

  var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as JSON; null where it is none.
  var json: JSONValue {
    (try? ByteView(body)).flatMap { try? JSONReader.parse($0) } ?? .null
  }

  var error: String? {
    guard case .string(let message)? = json["error"] else { return nil }
    return message
  }
}

/// Calls an application without a connection, as one would.
func call(
  _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: [UInt8] = [],
  service: FakeService = FakeService(), configuration: HTTPConfiguration = HTTPConfiguration(),
  recent: RecentInference? = nil
) async throws -> Outcome {
  let application = TritonApplication(service, configuration)
  var all = headers
  all.append(("Content-Length", "\(body.count)"))
  let parsed = CallHeaders(HTTPHeaders(all))
  let head = CallHead(
    isGet: method == .GET, isPost: method == .POST, path: path, headers: parsed)
  switch application.admit(head) {
  case .refused(let answer): return Outcome(answer, parts: [])
  case .body(let limit, _) where body.count > limit:
    return Outcome(application.tooLarge(body.count), parts: [])
  case .body(_, let route):
    var collector = try BodyCollector(
      expected: nil, headerLength: parsed.plausibleHeaderLength)
    // In two parts, as bodies come.
    try collector.append(ByteBuffer(bytes: body.prefix(body.count / 2)))
    try collector.append(ByteBuffer(bytes: body.dropFirst(body.count / 2)))
    let sink = TestSink()
    application.respond(
      to: HTTPCall(head: head, route: route, body: collector.body, arrival: 0, recent: recent),
      sink)
    for _ in 0..<10_000 {
      let state = sink.state.withLock { $0 }
      if state.isEnded, let answer = state.answer { return Outcome(answer, parts: state.parts) }
      try await Task.sleep(for: .milliseconds(1))
    }
    throw ServingError(.internalFailure, "no answer")
  }
}

func call(
  _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], json: String,
  service: FakeService = FakeService(), configuration: HTTPConfiguration = HTTPConfiguration()
) async throws -> Outcome {
  try await call(
    method, path, headers: headers, body: Array(json.utf8), service: service,
    configuration: configuration)
}

/// Calls `infer` with a JSON text and the bytes of binary inputs behind it.
func infer(
  _ model: String, json: String, binary: [UInt8]? = nil, headers: [(String, String)] = [],
  service: FakeService = FakeService(), configuration: HTTPConfiguration = HTTPConfiguration(),
  recent: RecentInference? = nil
) async throws -> Outcome {
  var headers = headers
  if binary != nil {
    headers.append(("Inference-Header-Content-Length", "\(json.utf8.count)"))
  }
  return try await call(
    .POST, "/v2/models/\(model)/infer", headers: headers, body: Array(json.utf8) + (binary ?? []),
    service: service, configuration: configuration, recent: recent)
}

extension Outcome {
  init(_ answer: HTTPAnswer, parts: [String]) {
    status = answer.status.rawValue
    contentType = answer.contentType.map { "\($0)" }
    var headers = Dictionary(answer.headers.map { ($0.name, $0.value) }) { first, _ in first }
    if let length = answer.textLength { headers["Inference-Header-Content-Length"] = "\(length)" }
    self.headers = headers
    body = answer.body.bytes
    self.parts = parts
  }
}

/// The bytes of values as they lie in memory.
func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
  values.withUnsafeBytes { Array($0) }
}

func parse(_ text: String) throws(ServingError) -> JSONValue {
  try JSONReader.parse(ByteView(Array(text.utf8)))
}

func message(_ text: String) -> String {
  do {
    _ = try parse(text)
    return ""
  } catch { return error.message }
}
#endif
