#if Server
internal import ApusServing
internal import NIOCore

/// What all connections of a port have in common.
struct ConnectionSettings: Sendable {
  let timeouts: HTTPConfiguration.Timeouts
  let maxUnreadSize: Int
  /// Bytes of a body that nobody wants, read only so that the client gets to the answer.
  let maxUnwanted: Int
  let drain: DrainFlag

  init(_ configuration: HTTPConfiguration, _ drain: DrainFlag) {
    self.drain = drain
    timeouts = configuration.timeouts
    maxUnreadSize = configuration.maxUnreadSize
    maxUnwanted = min(configuration.maxBodySize, 16 << 20)
  }

  /// How often the time limits are looked at.
  var watchInterval: TimeAmount {
    let shortest = min(timeouts.idle, timeouts.head, timeouts.body, timeouts.answer)
    return .nanoseconds(max(min(shortest.nanoseconds / 4, 5_000_000_000), 5_000_000))
  }
}
#endif
