#if Server
package import ApusServing

extension AccessPolicy {
  /// Restricts by the headers that Triton's gRPC clients send.
  package static var grpc: AccessPolicy { AccessPolicy(headerPrefix: "triton-grpc-protocol-") }

  /// Why a call may not be made; nil where it may.
  func refusal(of group: EndpointGroup, _ metadata: CallMetadata) -> CallStatus? {
    switch refusal(of: group, header: { metadata.first($0) }) {
    case nil: return nil
    case .restricted(let header):
      return CallStatus(
        .unavailable, "This protocol is restricted, expecting header '\(header)'")
    case .tokenMissing:
      return CallStatus(
        .unauthenticated,
        "This protocol asks for a token: 'authorization: Bearer <token>' or "
          + "'x-api-key: <token>'")
    case .tokenUnknown:
      return CallStatus(.unauthenticated, "The token is not valid for this protocol")
    }
  }
}
#endif
