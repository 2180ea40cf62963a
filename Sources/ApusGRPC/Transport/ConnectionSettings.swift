#if Server
internal import NIOCore
internal import NIOHTTP2

/// What all connections have in common.
struct ConnectionSettings: Sendable {
  let methods: MethodTable
  let access: ProtocolAccess
  let maximumRequestSize: Int
  /// zlib's level for answers; nil compresses only what answers a compressed request.
  let responseCompression: Int?
  let keepAlive: GRPCConfiguration.KeepAlive

  /// Bytes that a client may send before it hears that they were read. Large, so that large tensors do not
  /// wait.
  static let streamWindow = 8 << 20
  static let connectionWindow = 32 << 20
  private static let frameSize = 1 << 20
  /// Calls of a connection at a time.
  private static let streamLimit = 16_384
  private static let headerLimit = 64 << 10
  /// Until the first frame of a connection.
  static let handshakeTime = TimeAmount.seconds(20)

  static var http2: NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: streamLimit),
      HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
      HTTP2Setting(parameter: .maxFrameSize, value: frameSize),
      HTTP2Setting(parameter: .maxHeaderListSize, value: headerLimit),
    ]
    // What calls need of their headers is looked at when they begin.
    configuration.headerBlockValidation = .disabled
    configuration.contentLengthValidation = .disabled
    // Clients of gRPC measure the connection by pings while they receive data.
    configuration.controlFrameRateLimit.maximumCount = 100_000
    return configuration
  }

  static var http2Streams: NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    // Clients may cancel as many calls as they make.
    configuration.streamResetFrameRateLimit.maximumCount = 100_000
    configuration.streamErrorRateLimit.maximumCount = 10_000
    return configuration
  }
}

/// Pings of a client, and when they are too many (gRPC's "A8").
struct PingPolicy {
  private static let strikeLimit = 2

  private let minimumInterval: TimeAmount
  private let permitsWithoutCalls: Bool
  private var last: NIODeadline?
  private var strikes = 0

  init(_ keepAlive: GRPCConfiguration.KeepAlive) {
    minimumInterval = TimeAmount(keepAlive.minimumPingInterval)
    permitsWithoutCalls = keepAlive.permitsWithoutCalls
  }

  /// What was written since explains pings.
  mutating func hasWritten() {
    strikes = 0
    last = nil
  }

  mutating func isTooMuch(now: NIODeadline, hasCalls: Bool) -> Bool {
    defer { last = now }
    guard let last else { return false }
    let wanted = hasCalls || permitsWithoutCalls ? minimumInterval : max(minimumInterval, .hours(2))
    if now - last < wanted { strikes += 1 }
    return strikes > Self.strikeLimit
  }
}
#endif
