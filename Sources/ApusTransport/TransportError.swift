#if Server
/// Why a front end cannot start.
package enum TransportError: Error, Hashable, Sendable {
  /// `flag` is the one that chooses the port.
  case portInUse(Endpoint, flag: String)
  case cannotListen(Endpoint, flag: String, reason: String)
  /// A file of the certificate, its key or the clients' authorities.
  case certificate(path: String, reason: String)
  case tooManyConnections
}

extension TransportError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .portInUse(let endpoint, let flag):
      "port \(endpoint.port) of \(endpoint.address) is in use by another program; choose another with "
        + "\(flag)"
    case .cannotListen(let endpoint, let flag, let reason):
      "cannot listen on port \(endpoint.port) of \(endpoint.address) (\(flag)): \(reason)"
    case .certificate(let path, let reason): "cannot use \(path) for TLS: \(reason)"
    case .tooManyConnections: "too many connections"
    }
  }
}
#endif
