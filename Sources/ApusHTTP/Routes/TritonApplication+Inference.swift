#if Server
internal import ApusServing
internal import ApusServingSchema
internal import Synchronization

extension TritonApplication {
  func infer(
    _ call: HTTPCall, _ model: String, _ version: Int?, _ sink: any AnswerSink
  ) throws(ServingError) {
    let body = try decompressed(call)
    let headerLength = try headerLength(call, body)
    var decoded: InferenceCall
    if headerLength == 0 {
      guard body.count <= configuration.maxInputSize || call.headers.contentEncoding == nil else {
        throw InferenceDecoder.tooLarge(body.count, limit: configuration.maxInputSize)
      }
      let config = try service.config(model: model, version: version)
      let input = try RawInference.input(body, config: config)
      decoded = InferenceCall(
        request: InferenceRequest(
          model: model, version: version, inputs: [input], arrival: call.arrival))
      decoded.layout.isBinary = true
    } else {
      let decoder = InferenceDecoder(
        sharedMemory: service.sharedMemory, maxInputSize: configuration.maxInputSize)
      decoded = try decoder.decode(
        body, headerLength: headerLength, model: model, version: version, arrival: call.arrival,
        recent: call.recent)
    }
    try forwardHeaders(call, &decoded.request)
    decoded.request.traceParent = call.headers.traceParent
    let encoder = InferenceEncoder(
      layout: decoded.layout, coding: call.headers.answerCoding, recent: call.recent)
    if call.headers.acceptsEvents {
      decoded.request.acceptsManyResponses = true
      stream(decoded.request, sink) { encoder.event($0) }
    } else {
      single(decoded.request, sink, encoder)
    }
  }

  /// The bytes of JSON in the body; nil for all of them.
  private func headerLength(_ call: HTTPCall, _ body: ByteView) throws(ServingError) -> Int? {
    guard let text = call.headers.inferenceHeaderLength else { return nil }
    guard let length = Int(text) else {
      throw ServingError(
        .invalidArgument, "Unable to parse Inference-Header-Content-Length, got: \(text)")
    }
    guard length >= 0, length <= body.count else {
      throw ServingError(
        .invalidArgument,
        "inference header size should be in range (0, \(body.count)), got: \(text)")
    }
    return length
  }

  func generate(
    _ call: HTTPCall, _ model: String, _ version: Int?, _ sink: any AnswerSink
  ) throws(ServingError) {
    var request = try generateRequest(call, model, version)
    request.acceptsManyResponses = true
    let state = SharedState<(response: InferenceResponse?, count: Int)>((nil, 0))
    let handle = service.submit(request) { reply in
      switch reply {
      case .failure(let error): sink.send { .error(error) }
      case .response(let response, let isFinal):
        state.withLock { value in
          // A last answer without outputs only says that it is the last.
          guard !(isFinal && response.outputs.isEmpty && value.count > 0) else { return }
          value.response = response
          value.count += 1
        }
        if isFinal { finish() }
      case .finished: finish()
      }
      func finish() {
        let (response, count) = state.withLock { ($0.response, $0.count) }
        sink.send {
          guard count == 1, let response else {
            return .error(
              .internalError,
              "generate expects model to produce exactly 1 response, use generate stream for model "
                + "that generates various number of responses")
          }
          return GenerateCoding.answer(response)
        }
      }
    }
    sink.cancelOnDisconnect(handle)
  }

  func generateStream(
    _ call: HTTPCall, _ model: String, _ version: Int?, _ sink: any AnswerSink
  ) throws(ServingError) {
    var request = try generateRequest(call, model, version)
    request.acceptsManyResponses = true
    stream(request, sink) { GenerateCoding.event($0) }
  }

  private func generateRequest(
    _ call: HTTPCall, _ model: String, _ version: Int?
  ) throws(ServingError) -> InferenceRequest {
    let metadata = try service.metadata(model: model, version: version)
    var request = InferenceRequest(model: model, version: version, arrival: call.arrival)
    try GenerateCoding.read(
      try decompressed(call), inputs: metadata.inputs, maxInputSize: configuration.maxInputSize,
      into: &request)
    try forwardHeaders(call, &request)
    request.traceParent = call.headers.traceParent
    return request
  }

  /// Submits a request that has one answer.
  private func single(
    _ request: InferenceRequest, _ sink: any AnswerSink, _ encoder: InferenceEncoder
  ) {
    let handle = service.submit(request) { reply in
      switch reply {
      case .response(let response, _):
        if sink.isHere, !encoder.isLarge(response) { return sink.send(encoder.answer(response)) }
        sink.send(isLarge: encoder.isLarge(response)) { encoder.answer(response) }
      case .failure(let error): sink.send { .error(error) }
      case .finished:
        sink.send { .error(.internalError, "the model sent no response") }
      }
    }
    sink.cancelOnDisconnect(handle)
  }

  /// Submits a request whose answers are server-sent events. The first reply decides the status.
  private func stream(
    _ request: InferenceRequest, _ sink: any AnswerSink,
    _ encode: @escaping @Sendable (InferenceResponse) -> [UInt8]
  ) {
    let hasBegun = SharedState(false)
    @Sendable func put(_ status: HTTPStatus, _ make: @escaping @Sendable () -> [UInt8]) {
      let isFirst = hasBegun.withLock { begun in
        defer { begun = true }
        return !begun
      }
      guard isFirst else { return sink.add(make) }
      sink.begin {
        HTTPAnswer(status, contentType: ServerSentEvent.contentType, body: make())
      }
    }
    let handle = service.submit(request) { reply in
      switch reply {
      case .response(let response, let isFinal):
        // A last answer without outputs only says that it is the last.
        if !(isFinal && response.outputs.isEmpty) || !hasBegun.withLock({ $0 }) {
          put(.ok) { encode(response) }
        }
        if isFinal { sink.end() }
      case .failure(let error):
        put(HTTPStatus(error.code)) { ServerSentEvent.error(error) }
        sink.end()
      case .finished:
        if !hasBegun.withLock({ $0 }) { put(.ok) { [] } }
        sink.end()
      }
    }
    sink.cancelOnDisconnect(handle)
  }

  private func forwardHeaders(
    _ call: HTTPCall, _ request: inout InferenceRequest
  ) throws(ServingError) {
    guard let forwards = configuration.forwardsHeader else { return }
    for (name, value) in call.headers.all where forwards(name) {
      let parameter = name.lowercased()
      guard !InferenceRequest.reservedParameters.contains(parameter),
        !parameter.hasPrefix("triton_")
      else {
        throw ServingError(
          .invalidArgument,
          "Header '\(name)' is reserved for Triton usage and cannot be forwarded.")
      }
      request.parameters[name] = .text(value)
    }
  }
}

/// A value that closures on several threads share.
final class SharedState<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func withLock<Result: Sendable>(_ body: (inout sending Value) -> sending Result) -> Result {
    value.withLock(body)
  }
}
#endif
