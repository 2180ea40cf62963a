#if Server
internal import ApusServing

/// The messages of a stream (`ModelStreamInferResponse`).
enum StreamAnswer {
  static func response(_ response: InferenceResponse, isFinal: Bool) -> ResponseEncoding {
    var encoding = ResponseEncoding(response, isFinal: isFinal)
    encoding.wrap(field: 2)
    return encoding
  }

  /// Tells that a decoupled model has sent all its answers.
  static func emptyFinal(id: String, model: String, version: String) -> ResponseEncoding {
    var inner = description(id: id, model: model, version: version)
    inner.parameter(4, "triton_final_response", .bool(true))
    var message = WireBuilder()
    message.message(2, inner)
    return ResponseEncoding(message)
  }

  /// A request that was refused.
  static func failure(_ error: ServingError, id: String = "") -> ResponseEncoding {
    failure(error, description(id: id, model: "", version: ""))
  }

  /// A request that failed while it ran.
  static func failure(
    _ error: ServingError, id: String, model: String, version: String
  ) -> ResponseEncoding {
    var inner = description(id: id, model: model, version: version)
    inner.parameter(4, "triton_final_response", .bool(true))
    return failure(error, inner)
  }

  private static func failure(_ error: ServingError, _ inner: WireBuilder) -> ResponseEncoding {
    var message = WireBuilder()
    // Clients take an empty text for success.
    message.text(1, error.message.isEmpty ? "unknown error" : error.message)
    message.message(2, inner)
    return ResponseEncoding(message)
  }

  private static func description(id: String, model: String, version: String) -> WireBuilder {
    var inner = WireBuilder()
    inner.text(1, model)
    inner.text(2, version)
    inner.text(3, id)
    return inner
  }
}
#endif
