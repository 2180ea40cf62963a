#if Server
/// Why the gRPC front end cannot start.
package enum GRPCServerError: Error, Hashable, Sendable {
  case portInUse(address: String, port: Int)
  case cannotListen(address: String, port: Int, reason: String)
  /// A file of the certificate, its key or the clients' authorities.
  case certificate(reason: String)
}

extension GRPCServerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .portInUse(let address, let port):
      "port \(port) of \(address) is in use by another program; choose another with --grpc-port"
    case .cannotListen(let address, let port, let reason):
      "cannot listen on port \(port) of \(address) (--grpc-port): \(reason)"
    case .certificate(let reason): "cannot use the files of TLS for gRPC: \(reason)"
    }
  }
}
#endif
