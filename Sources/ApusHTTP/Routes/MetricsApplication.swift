#if Server
internal import ApusServing

/// `GET /metrics` on a port of its own.
final class MetricsApplication: HTTPApplication {
  private let service: any InferenceService

  init(_ service: any InferenceService) { self.service = service }

  func admit(_ head: CallHead) -> Admission {
    guard head.path == "/metrics" else { return .refused(.error(.notFound, "Not Found")) }
    guard head.isGet else {
      return .refused(.error(.methodNotAllowed, "Method Not Allowed"))
    }
    return .body(limit: 0, route: nil)
  }

  func tooLarge(_ size: Int) -> HTTPAnswer {
    .error(.contentTooLarge, "this call has no body")
  }

  func isLarge(_ call: HTTPCall) -> Bool { false }

  func respond(to call: HTTPCall, _ sink: any AnswerSink) {
    let service = service
    sink.send { Self.answer(service) }
  }

  static func answer(_ service: any InferenceService) -> HTTPAnswer {
    HTTPAnswer(
      contentType: "text/plain; charset=utf-8", body: Array(service.metrics().utf8))
  }
}
#endif
