#if Server
internal import ApusServing

/// What a call's headers say about its requests.
struct CallHeaders: Sendable {
  private let traceParent: String?
  private let parameters: [(name: String, value: ParameterValue)]

  init(_ metadata: CallMetadata, forwards: (@Sendable (String) -> Bool)?) {
    traceParent = metadata.traceParent
    guard let forwards else {
      parameters = []
      return
    }
    parameters = metadata.custom.compactMap { name, value in
      guard forwards(name), !name.hasPrefix("triton_"), !RequestParameters.reserved.contains(name)
      else { return nil }
      return (name, .text(value))
    }
  }

  /// Parameters that the request gives itself stay.
  func apply(to request: inout InferenceRequest) {
    request.traceParent = traceParent
    for (name, value) in parameters where request.parameters[name] == nil {
      request.parameters[name] = value
    }
  }
}
#endif
