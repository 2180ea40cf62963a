#if Server
internal import ApusServing

/// How a call ends (gRPC's status).
struct CallStatus: Error, Hashable, Sendable {
  enum Code: Int, Sendable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case resourceExhausted = 8
    case unimplemented = 12
    case internalError = 13
    case unavailable = 14
    case unauthenticated = 16
  }

  let code: Code
  let message: String

  init(_ code: Code, _ message: String = "") {
    self.code = code
    self.message = message
  }

  static let ok = CallStatus(.ok)

  /// The status of a failure, by the codes that Triton uses.
  init(_ error: ServingError) {
    code =
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
    message = error.message
  }

  /// The message as headers carry it: what is no printable ASCII character is percent-encoded.
  var encodedMessage: String {
    let isPlain = message.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E && $0 != UInt8(ascii: "%") }
    // Longer headers are refused by clients, and the whole call with them.
    if isPlain, message.utf8.count <= Self.limit { return message }
    var text = ""
    for byte in message.utf8 {
      guard text.utf8.count < Self.limit else { break }
      if byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "%") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
      }
    }
    return text
  }

  private static let limit = 4096
}
#endif
