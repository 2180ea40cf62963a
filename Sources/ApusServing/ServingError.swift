/// Why a request to the server failed, in the terms that both protocols have codes for.
package struct ServingError: Error, Hashable, Sendable {
  package enum Code: Hashable, Sendable {
    case invalidArgument, notFound, unavailable, unsupported, alreadyExists, cancelled
    case internalFailure, unknown
    /// The request lacks the header or token that its endpoint asks for.
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
