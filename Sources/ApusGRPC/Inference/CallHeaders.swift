#if Server
internal import ApusServing
internal import GRPCCore

/// What a call's headers say about its requests.
struct CallHeaders: Sendable {
  private let traceParent: String?
  private let parameters: [(name: String, value: ParameterValue)]

  init(_ metadata: Metadata, forwards: (@Sendable (String) -> Bool)?) {
    traceParent = metadata[stringValues: "traceparent"].first { _ in true }
    guard let forwards else {
      parameters = []
      return
    }
    parameters = metadata.compactMap { key, value in
      let name = key.lowercased()
      guard case .string(let text) = value, forwards(name), !name.hasPrefix("triton_"),
        !RequestParameters.reserved.contains(name)
      else { return nil }
      return (name, .text(text))
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
