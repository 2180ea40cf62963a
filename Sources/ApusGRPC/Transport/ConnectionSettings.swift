#if Server
internal import ApusServing
internal import NIOCore

/// What all connections have in common.
struct ConnectionSettings: Sendable {
  let methods: MethodTable
  let access: AccessPolicy
  let maximumRequestSize: Int
  /// zlib's level for answers; nil compresses only what answers a compressed request.
  let responseCompression: Int?
  let keepAlive: GRPCConfiguration.KeepAlive
  let keepAliveTime: TimeAmount
  let keepAliveTimeout: TimeAmount
  let maximumAge: TimeAmount?
  let maximumAgeGrace: TimeAmount?

  init(_ configuration: GRPCConfiguration, _ methods: MethodTable) {
    self.methods = methods
    access = configuration.access
    maximumRequestSize = configuration.maximumRequestSize
    responseCompression = configuration.responseCompressionLevel
    keepAlive = configuration.keepAlive
    // A time of 0 would ask without end.
    keepAliveTime = max(TimeAmount(keepAlive.time), .milliseconds(10))
    keepAliveTimeout = max(TimeAmount(keepAlive.timeout), .milliseconds(10))
    maximumAge = configuration.maximumConnectionAge.map { TimeAmount($0) }
    maximumAgeGrace = configuration.maximumConnectionAgeGrace.map { TimeAmount($0) }
  }

  /// Bytes that a client may send before it hears that they were read. Large, so that large tensors do not
  /// wait.
  static let streamWindow = 8 << 20
  static let connectionWindow = 32 << 20
  static let frameSize = 1 << 20
  /// Bytes that are written ahead of what the client has read.
  static let writeAhead = 1 << 20
  /// Bytes of answers beyond that, with which no further request of the connection is begun.
  static let unsentLimit = 64 << 20
  /// Calls of a connection at a time.
  static let streamLimit = 4096
  /// Bytes of a call's headers.
  static let headerLimit = 16 << 10
  static let continuationLimit = 64
  /// Frames in 30 seconds that cost their sender nothing. Clients of gRPC measure the connection by pings
  /// while they receive data, and may cancel as many calls as they make.
  static let floodLimit = 200_000
  static let controlBacklogLimit = 1000
  /// Streams that are remembered as reset by the server (RFC 9113, 5.1).
  static let resetMemory = 64
  /// Until the first frame of a connection.
  static let handshakeTime = TimeAmount.seconds(20)
  static let quiescingTime = TimeAmount.seconds(1)
  static let closingTime = TimeAmount.seconds(5)
  /// What pings of the server carry.
  static let keepAliveMark: UInt64 = 0x6170_7573_6C69_7665
  static let quiescingMark: UInt64 = 0x6170_7573_656E_6473
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
