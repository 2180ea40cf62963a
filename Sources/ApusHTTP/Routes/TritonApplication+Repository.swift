#if Server
internal import ApusModelConfig
internal import ApusServing

extension TritonApplication {
  func index(_ call: HTTPCall) throws(ServingError) -> HTTPAnswer {
    let ready = try body(call, "the repository index request")?["ready"]?.asBool("ready")
    return Describing.answer(try service.index(onlyReady: ready ?? false))
  }

  func load(_ call: HTTPCall, _ model: String, _ sink: any AnswerSink) throws(ServingError) {
    let override = try loadOverride(call)
    control(sink) { [service] () throws(ServingError) in
      try await service.load(model: model, override)
    }
  }

  func unload(_ call: HTTPCall, _ model: String, _ sink: any AnswerSink) throws(ServingError) {
    let parameters = try body(call, "the unload request")?["parameters"]
    let withDependents = try parameters?["unload_dependents"]?.asBool("unload_dependents")
    control(sink) { [service] () throws(ServingError) in
      try await service.unload(model: model, withDependents: withDependents ?? false)
    }
  }

  /// Runs what may take a while beside the connection.
  private func control(
    _ sink: any AnswerSink, _ action: @escaping @Sendable () async throws(ServingError) -> Void
  ) {
    Task {
      do throws(ServingError) {
        try await action()
        sink.send { HTTPAnswer(contentType: "application/json") }
      } catch {
        let error = error
        sink.send { .error(error) }
      }
    }
  }

  private func loadOverride(_ call: HTTPCall) throws(ServingError) -> LoadOverride {
    var override = LoadOverride()
    guard let parameters = try body(call, "the load request")?["parameters"] else {
      return override
    }
    for member in try parameters.asMembers("parameters") {
      switch try LoadOverride.Parameter(member.key) {
      case .config: override.config = try member.value.asText("config")
      case .file(let path):
        guard let bytes = Base64.decode(try member.value.asText(member.key)) else {
          throw ServingError(
            .invalidArgument, "Unable to parse '\(member.key)': the text is no base64")
        }
        override.files[path] = bytes
      }
    }
    return override
  }

  /// A body of JSON as a tree; nil where there is no body.
  func body(_ call: HTTPCall, _ subject: String) throws(ServingError) -> JSONValue? {
    guard call.body.count > 0 else { return nil }
    let value = try JSONReader.parse(call.body, subject: subject)
    guard case .object = value else {
      throw ServingError(
        .invalidArgument, "failed to parse \(subject): expected an object, found \(value.kind)")
    }
    return value
  }
}
#endif
