#if Server
internal import ApusTensor
internal import NIOHTTP1

/// A request as the connection hands it on: its head read, its body collected.
struct HTTPCall: Sendable {
  let head: CallHead
  /// What the application said that the path is.
  let route: Route?
  var body: ByteView
  /// When the first byte of the head arrived, by the monotonic clock.
  let arrival: UInt64
  /// Of calls with the same head on the connection; nil where there is none.
  var recent: RecentInference?

  var isPost: Bool { head.isPost }
  var headers: CallHeaders { head.headers }
}

/// The headers that the server looks at, found in one pass.
struct CallHeaders: Sendable {
  /// All, as they came.
  let all: HTTPHeaders
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var inferenceHeaderLength: String?
  private(set) var contentEncoding: String?
  private(set) var acceptEncoding: String?
  private(set) var accept: String?
  private(set) var traceParent: String?
  private(set) var expectsContinue = false

  init(_ headers: HTTPHeaders) {
    all = headers
    for (name, value) in headers { read(name, value) }
  }

  private mutating func read(_ name: String, _ value: String) {
    switch name.utf8.count {
    case 6 where name.isHeader("accept"): accept = value
    case 6 where name.isHeader("expect"):
      expectsContinue = value.lowercased() == "100-continue"
    case 11 where name.isHeader("traceparent"): traceParent = value
    case 14 where name.isHeader("content-length"): contentLength = Int(value)
    case 15 where name.isHeader("accept-encoding"): acceptEncoding = value
    case 16 where name.isHeader("content-encoding"): contentEncoding = value
    case 17 where name.isHeader("transfer-encoding"):
      isChunked = value.lowercased() != "identity"
    case 31 where name.isHeader("inference-header-content-length"): inferenceHeaderLength = value
    default: break
    }
  }

  /// The JSON part of an inference body in bytes, as the client says; nil where it says nothing usable.
  var plausibleHeaderLength: Int? {
    guard let length = inferenceHeaderLength.flatMap({ Int($0) }), length >= 0 else { return nil }
    return length
  }

  /// Whether the client asked for server-sent events.
  var acceptsEvents: Bool {
    guard let accept, accept.utf8.count >= 17 else { return false }
    return accept.split(separator: ",").contains { part in
      part.trimmed.lowercased().hasPrefix("text/event-stream")
    }
  }

  /// How the answer is to be compressed.
  var answerCoding: ContentCoding {
    acceptEncoding.map(ContentCoding.init(acceptEncoding:)) ?? .identity
  }
}

extension String {
  /// Whether this is the header of that lowercase name.
  func isHeader(_ lowercaseName: String) -> Bool {
    var expected = lowercaseName.utf8.makeIterator()
    for byte in utf8 {
      let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
      guard lower == expected.next() else { return false }
    }
    return expected.next() == nil
  }
}
#endif
