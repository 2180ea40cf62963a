#if Server
internal import ApusServing
internal import NIOCore

/// The inference protocol (KServe v2 with Triton's extensions) over HTTP, and the console.
final class TritonApplication: HTTPApplication {
  let service: any InferenceService
  let configuration: HTTPConfiguration
  private let drain: DrainFlag

  init(
    _ service: any InferenceService, _ configuration: HTTPConfiguration,
    drain: DrainFlag = DrainFlag()
  ) {
    self.service = service
    self.configuration = configuration
    self.drain = drain
  }

  // MARK: Before the body

  func admit(_ head: CallHead) -> Admission {
    guard let route = Route(path: head.path), isServed(route) else {
      return .refused(.error(.notFound, "Not Found"))
    }
    if let group = route.group,
      let refusal = configuration.access.refusal(of: group, head.headers)
    {
      return .refused(refusal)
    }
    let verbs = route.verbs
    guard head.isGet && verbs.get || head.isPost && verbs.post else {
      return .refused(.error(.methodNotAllowed, "Method Not Allowed"))
    }
    if let encoding = head.headers.contentEncoding,
      ContentCoding(contentEncoding: encoding) == nil
    {
      var answer = HTTPAnswer.error(.notImplemented, "Unsupported compression type")
      answer.headers.append(("Accept-Encoding", "gzip, deflate"))
      return .refused(answer)
    }
    return .body(limit: bodyLimit(route, head.headers), route: route)
  }

  func tooLarge(_ size: Int) -> HTTPAnswer {
    size <= configuration.maxBodySize
      ? .error(InferenceDecoder.tooLarge(size, limit: configuration.maxInputSize))
      : .error(
        .contentTooLarge,
        "a body of \(size) bytes exceeds the largest of \(configuration.maxBodySize) bytes, which is "
          + "fixed")
  }

  private func isServed(_ route: Route) -> Bool {
    switch route {
    case .console, .consoleStyle, .consoleScript, .consoleMetrics: configuration.isConsoleEnabled
    default: true
    }
  }

  /// Bodies are JSON alone and bounded as such, but those with binary tensors or files of models.
  private func bodyLimit(_ route: Route, _ headers: CallHeaders) -> Int {
    switch route {
    case .load: configuration.maxBodySize
    case .model(_, _, .infer) where headers.inferenceHeaderLength != nil:
      configuration.maxBodySize
    default: min(configuration.maxInputSize, configuration.maxBodySize)
    }
  }

  // MARK: With the body

  func isLarge(_ call: HTTPCall) -> Bool {
    let text = call.headers.plausibleHeaderLength ?? call.body.count
    return text > 1 << 17 || call.headers.contentEncoding != nil && call.body.count > 1 << 14
  }

  func respond(to call: HTTPCall, _ sink: any AnswerSink) {
    guard let route = call.route else {
      return sink.send { .error(.notFound, "Not Found") }
    }
    do throws(ServingError) {
      try respond(to: call, route, sink)
    } catch {
      let error = error
      sink.send { .error(error) }
    }
  }

  private func respond(
    to call: HTTPCall, _ route: Route, _ sink: any AnswerSink
  ) throws(ServingError) {
    switch route {
    case .model(let name, let version, .infer):
      return try infer(call, name, try number(version), sink)
    case .model(let name, let version, .generate):
      return try generate(call, name, try number(version), sink)
    case .model(let name, let version, .generateStream):
      return try generateStream(call, name, try number(version), sink)
    default: break
    }
    var call = call
    call.body = try decompressed(call)
    switch route {
    case .load(let name): try load(call, name, sink)
    case .unload(let name): try unload(call, name, sink)
    case .console: sink.send { ConsolePage.index }
    case .consoleStyle: sink.send { ConsolePage.style }
    case .consoleScript: sink.send { ConsolePage.script }
    case .consoleMetrics:
      let service = service
      sink.send { MetricsApplication.answer(service) }
    default:
      let answer = try answer(to: call, route)
      sink.send { answer }
    }
  }

  /// The answers that are there at once.
  private func answer(to call: HTTPCall, _ route: Route) throws(ServingError) -> HTTPAnswer {
    switch route {
    case .serverMetadata: Describing.answer(service.metadata)
    case .live: HTTPAnswer(service.isLive ? .ok : .badRequest)
    case .ready: readiness
    case .model(let name, let version, let action):
      try answer(name, try number(version), action)
    case .allStatistics: Describing.answer(try service.statistics(model: nil, version: nil))
    case .trace(let model): try trace(call, model)
    case .logging: try logging(call)
    case .index: try index(call)
    case .namedRepository:
      throw ServingError(.unsupported, "'repository_name' specification is not supported")
    case .systemMemory(let region, let action): try systemMemory(call, region, action)
    case .cudaMemory(let region, let action): try cudaMemory(call, region, action)
    default: throw ServingError(.notFound, "Not Found")
    }
  }

  private var readiness: HTTPAnswer {
    if drain.isOn { return .error(.unavailable, "Server exiting") }
    return HTTPAnswer(service.isReady ? .ok : .badRequest)
  }

  private func answer(
    _ name: String, _ version: Int?, _ action: Route.ModelAction
  ) throws(ServingError) -> HTTPAnswer {
    switch action {
    case .ready:
      do throws(ServingError) {
        return try service.isReady(model: name, version: version)
          ? HTTPAnswer() : .error(.badRequest, "Model version not ready")
      } catch {
        // Readiness has one answer for what is not there and what is not ready yet.
        return .error(.badRequest, error.message)
      }
    case .config: return Describing.answer(try service.config(model: name, version: version))
    case .stats: return Describing.answer(try service.statistics(model: name, version: version))
    default: return Describing.answer(try service.metadata(model: name, version: version))
    }
  }

  private func number(_ version: String?) throws(ServingError) -> Int? {
    try version.flatMap { text throws(ServingError) in try ModelVersion.number(text) }
  }

  /// The body as it was before it was compressed.
  func decompressed(_ call: HTTPCall) throws(ServingError) -> ByteView {
    guard let encoding = call.headers.contentEncoding,
      let coding = ContentCoding(contentEncoding: encoding)
    else { return call.body }
    return try Compressor.decompress(call.body, coding, limit: configuration.maxInputSize)
  }
}
#endif
