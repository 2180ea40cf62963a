#if Server
internal import ApusServing
internal import GRPCCore

extension RPCError {
  /// The status of a failure, by the codes that Triton uses.
  init(_ error: ServingError) {
    let code: RPCError.Code =
      switch error.code {
      case .invalidArgument: .invalidArgument
      case .notFound: .notFound
      case .unavailable: .unavailable
      case .unsupported: .unimplemented
      case .alreadyExists: .alreadyExists
      case .cancelled: .cancelled
      case .internalFailure: .internalError
      case .unknown: .unknown
      case .unauthorized: .unauthenticated
      }
    self.init(code: code, message: error.message)
  }
}
#endif
