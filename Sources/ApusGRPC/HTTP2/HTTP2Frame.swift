#if Server
internal import NIOCore

/// The vocabulary of HTTP/2 (RFC 9113).
enum HTTP2 {
  typealias StreamID = UInt32

  enum FrameType: UInt8 {
    case data = 0
    case headers = 1
    case priority = 2
    case reset = 3
    case settings = 4
    case push = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
  }

  enum Flag {
    static let endStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 0x20
  }

  enum ErrorCode: UInt32 {
    case none = 0
    case protocolError = 1
    case internalError = 2
    case flowControl = 3
    case streamClosed = 5
    case frameSize = 6
    case refusedStream = 7
    case cancel = 8
    case compression = 9
    case enhanceYourCalm = 11
  }

  /// Ends the connection.
  struct Failure: Error {
    let code: ErrorCode
    /// What the client is told beside the code.
    let reason: StaticString

    init(_ code: ErrorCode, _ reason: StaticString = "") {
      self.code = code
      self.reason = reason
    }
  }

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let headerLength = 9
  static let defaultWindow = 65_535
  static let maximumWindow = 0x7FFF_FFFF
  static let lastStreamID: StreamID = 0x7FFF_FFFF
}

extension ByteBuffer {
  /// Writes the beginning of a frame of `length` bytes.
  mutating func writeFrame(
    _ type: HTTP2.FrameType, flags: UInt8 = 0, stream: HTTP2.StreamID, length: Int
  ) {
    writeInteger(UInt32(truncatingIfNeeded: length) << 8 | UInt32(type.rawValue))
    writeInteger(flags)
    writeInteger(stream)
  }

  mutating func writeSetting(_ identifier: UInt16, _ value: Int) {
    writeInteger(identifier)
    writeInteger(UInt32(truncatingIfNeeded: value))
  }
}
#endif
