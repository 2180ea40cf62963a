#if Server
internal import ApusModelConfig
internal import ApusServing

extension TritonApplication {
  func systemMemory(
    _ call: HTTPCall, _ region: String, _ action: Route.RegionAction
  ) throws(ServingError) -> HTTPAnswer {
    let registry = service.sharedMemory
    switch action {
    case .status: return Describing.answer(try registry.systemStatus(name: region))
    case .unregister: registry.unregisterSystem(name: region)
    case .register:
      let request = try registration(call)
      guard let key = request["key"] else { throw missing("key") }
      try registry.registerSystem(
        name: region, key: try key.asText("key"),
        offset: try request["offset"]?.asUnsigned("offset") ?? 0, byteCount: try byteCount(request))
    }
    return HTTPAnswer(contentType: "application/json")
  }

  func cudaMemory(
    _ call: HTTPCall, _ region: String, _ action: Route.RegionAction
  ) throws(ServingError) -> HTTPAnswer {
    let registry = service.sharedMemory
    switch action {
    case .status: return Describing.answer(try registry.cudaStatus(name: region))
    case .unregister: registry.unregisterCUDA(name: region)
    case .register:
      let request = try registration(call)
      guard let raw = request["raw_handle"] else { throw missing("raw_handle") }
      guard let text = raw["b64"], let handle = Base64.decode(try text.asText("b64")) else {
        throw ServingError(
          .invalidArgument, "'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t")
      }
      let device = try request["device_id"]?.asUnsigned("device_id") ?? 0
      guard let device = Int(exactly: device) else {
        throw ServingError(
          .invalidArgument, "Unable to parse 'device_id': there is no such device")
      }
      try registry.registerCUDA(
        name: region, handle: handle, device: device, byteCount: try byteCount(request))
    }
    return HTTPAnswer(contentType: "application/json")
  }

  private func registration(_ call: HTTPCall) throws(ServingError) -> JSONValue {
    try body(call, "the shared memory register request") ?? .object([])
  }

  private func byteCount(_ request: JSONValue) throws(ServingError) -> UInt64 {
    guard let size = request["byte_size"] else { throw missing("byte_size") }
    return try size.asUnsigned("byte_size")
  }

  private func missing(_ field: String) -> ServingError {
    ServingError(
      .invalidArgument, "Shared memory register request has no '\(field)' field")
  }
}
#endif
