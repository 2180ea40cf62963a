#if Server
internal import ApusServing

/// What a call is answered with.
struct HTTPAnswer: Sendable {
  var status: HTTPStatus
  var contentType: StaticString?
  /// Further headers; the length and what concerns the connection are added by it.
  var headers: [(name: String, value: String)] = []
  /// Bytes of the JSON text before those of tensors, which a header tells; nil where all is one.
  var textLength: Int?
  var body: AnswerBody

  init(
    _ status: HTTPStatus = .ok, contentType: StaticString? = nil, body: [UInt8] = []
  ) {
    self.status = status
    self.contentType = contentType
    self.body = AnswerBody(body)
  }

  /// A JSON text that `write` writes.
  static func json(
    _ status: HTTPStatus = .ok, _ write: (inout JSONWriter) -> Void
  ) -> HTTPAnswer {
    var writer = JSONWriter()
    write(&writer)
    return HTTPAnswer(status, contentType: "application/json", body: writer.bytes)
  }

  static func error(_ status: HTTPStatus, _ message: String) -> HTTPAnswer {
    json(status) { writer in
      writer.object { writer in
        writer.key("error")
        writer.string(message)
      }
    }
  }

  static func error(_ error: ServingError) -> HTTPAnswer {
    var answer = Self.error(HTTPStatus(error.code), error.message)
    if answer.status == .unauthorized {
      answer.headers.append(("WWW-Authenticate", "Bearer"))
    }
    return answer
  }
}

/// The status codes that the server answers with.
enum HTTPStatus: Int, Sendable {
  case ok = 200
  case badRequest = 400
  case unauthorized = 401
  case forbidden = 403
  case notFound = 404
  case methodNotAllowed = 405
  case requestTimeout = 408
  case contentTooLarge = 413
  case headersTooLarge = 431
  case internalError = 500
  case notImplemented = 501
  case unavailable = 503

  init(_ code: ServingError.Code) {
    switch code {
    case .internalFailure: self = .internalError
    case .notFound: self = .notFound
    case .unavailable: self = .unavailable
    case .unsupported: self = .notImplemented
    case .unauthorized: self = .unauthorized
    case .invalidArgument, .alreadyExists, .cancelled, .unknown: self = .badRequest
    }
  }

  /// The first line of an answer.
  var line: StaticString {
    switch self {
    case .ok: "HTTP/1.1 200 OK\r\n"
    case .badRequest: "HTTP/1.1 400 Bad Request\r\n"
    case .unauthorized: "HTTP/1.1 401 Unauthorized\r\n"
    case .forbidden: "HTTP/1.1 403 Forbidden\r\n"
    case .notFound: "HTTP/1.1 404 Not Found\r\n"
    case .methodNotAllowed: "HTTP/1.1 405 Method Not Allowed\r\n"
    case .requestTimeout: "HTTP/1.1 408 Request Timeout\r\n"
    case .contentTooLarge: "HTTP/1.1 413 Content Too Large\r\n"
    case .headersTooLarge: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case .internalError: "HTTP/1.1 500 Internal Server Error\r\n"
    case .notImplemented: "HTTP/1.1 501 Not Implemented\r\n"
    case .unavailable: "HTTP/1.1 503 Service Unavailable\r\n"
    }
  }
}

/// Where the answer to one call goes. Usable from any thread; what comes after the end, or after the
/// client has gone, is dropped.
protocol AnswerSink: AnyObject, Sendable {
  /// Answers the call. `make` runs where it does not hold up the caller, nor, where it is much work, other
  /// connections.
  func send(isLarge: Bool, _ make: @escaping @Sendable () -> HTTPAnswer)
  /// Starts an answer of many parts; `answer` has its head, and its body is the first part.
  func begin(_ make: @escaping @Sendable () -> HTTPAnswer)
  /// Adds a part.
  func add(_ make: @escaping @Sendable () -> [UInt8])
  /// Ends an answer of many parts.
  func end()
  /// Cancels the request when the client goes before the answer is there.
  func cancelOnDisconnect(_ handle: RequestHandle)
  /// Whether the caller is on the thread that writes the answer.
  var isHere: Bool { get }
  /// Answers the call from there.
  func send(_ answer: HTTPAnswer)
}

extension AnswerSink {
  func send(_ make: @escaping @Sendable () -> HTTPAnswer) { send(isLarge: false, make) }
}

/// Answers calls.
protocol HTTPApplication: AnyObject, Sendable {
  /// Looks at the head of a call, before its body is read: how large that may be, or an answer in place of
  /// the call.
  func admit(_ head: CallHead) -> Admission
  /// The answer to a call with a body beyond the limit.
  func tooLarge(_ size: Int) -> HTTPAnswer
  /// Whether understanding the call is work that would hold up other connections.
  func isLarge(_ call: HTTPCall) -> Bool
  /// Answers a call that was admitted, now or later; from any thread.
  func respond(to call: HTTPCall, _ sink: any AnswerSink)
}

/// What is known of a call before its body is.
final class CallHead: Sendable {
  let isGet: Bool
  let isPost: Bool
  let path: String
  let headers: CallHeaders

  init(isGet: Bool, isPost: Bool, path: String, headers: CallHeaders) {
    self.isGet = isGet
    self.isPost = isPost
    self.path = path
    self.headers = headers
  }
}

/// Whether a call is worth its body.
enum Admission: Sendable {
  /// The largest body, and what the path is, for the call.
  case body(limit: Int, route: Route?)
  case refused(HTTPAnswer)
}
#endif
