extension ModelRepository {
  /// Sends a request to the version that serves it now.
  func submit(
    _ request: InferenceRequest, _ handle: RequestHandle,
    _ reply: @escaping @Sendable (Reply) -> Void
  ) {
    var refused: ServedVersion?
    while true {
      let version: ServedVersion
      do throws(ServingError) { version = try self.version(request.model, request.version) } catch {
        return reply(.failure(error))
      }
      if version === refused {
        return reply(
          .failure(
            ServingError(.unavailable, "model '\(request.model)' is being unloaded")))
      }
      if version.submit(request, handle: handle, reply: reply) { return }
      // It was replaced between finding and asking it: the next one answers.
      refused = version
    }
  }
}
