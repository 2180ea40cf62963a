#if Server
internal import ApusServing
internal import NIOHTTP1

extension AccessPolicy {
  /// The answer to a call that may not be made; nil where it may.
  func refusal(of group: EndpointGroup, _ headers: CallHeaders) -> HTTPAnswer? {
    if isOpen { return nil }
    switch refusal(of: group, header: { headers.all.first(name: $0) }) {
    case nil: return nil
    case .restricted(let header):
      return .error(.forbidden, "This API is restricted, expecting header '\(header)'")
    case .tokenMissing:
      return .error(
        ServingError(
          .unauthorized,
          "This API asks for a token: 'Authorization: Bearer <token>' or 'X-API-Key: <token>'"))
    case .tokenUnknown:
      return .error(ServingError(.unauthorized, "The token is not valid for this API"))
    }
  }
}
#endif
