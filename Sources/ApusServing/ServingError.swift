/// Why a request to the server failed, in the terms that both protocols have codes for.
package struct ServingError: Error, Hashable, Sendable {
  /// The kind of failure. Behind each stands the status that HTTP answers with, and that of gRPC.
  package enum Code: Hashable, Sendable {
    /// 400, INVALID_ARGUMENT.
    case invalidArgument
    /// 404, NOT_FOUND.
    case notFound
    /// 503, UNAVAILABLE: another moment or another server may answer.
    case unavailable
    /// 501, UNIMPLEMENTED.
    case unsupported
    /// 400, ALREADY_EXISTS.
    case alreadyExists
    /// 400, CANCELLED: nobody waits for the answer.
    case cancelled
    /// 500, INTERNAL.
    case internalFailure
    /// 400, UNKNOWN.
    case unknown
    /// 401, UNAUTHENTICATED: the request lacks the token that its endpoint asks for.
    case unauthorized
  }

  package let code: Code
  package let message: String
  /// Whether the request had been accepted: it failed while it waited or ran.
  package var isAfterAdmission = false

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The same error with words put before its message.
  package func prefixed(_ prefix: String) -> ServingError {
    var error = ServingError(code, prefix + message)
    error.isAfterAdmission = isAfterAdmission
    return error
  }
}

extension ServingError: CustomStringConvertible {
  package var description: String { message }
}
