#if Server
internal import NIOCore
internal import Synchronization

/// The connections that are open, to be closed with the server.
final class ConnectionRegistry: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isQuiescing = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private static let limit = 16_384
  private let state = Mutex(State())

  /// Takes a connection in; false where there are too many.
  func add(_ channel: any Channel) -> Bool {
    let (isTaken, isQuiescing) = state.withLock { state -> (Bool, Bool) in
      guard state.channels.count < Self.limit else { return (false, false) }
      state.channels[ObjectIdentifier(channel)] = channel
      return (true, state.isQuiescing)
    }
    guard isTaken else { return false }
    channel.closeFuture.whenComplete { _ in self.remove(ObjectIdentifier(channel)) }
    if isQuiescing { Self.quiesce(channel) }
    return true
  }

  private func remove(_ id: ObjectIdentifier) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.channels[id] = nil
      guard state.channels.isEmpty else { return [] }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Asks all connections to close when their calls are answered.
  func quiesce() {
    let channels = state.withLock { state in
      state.isQuiescing = true
      return Array(state.channels.values)
    }
    for channel in channels { Self.quiesce(channel) }
  }

  private static func quiesce(_ channel: any Channel) {
    channel.eventLoop.execute {
      channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
  }

  /// Closes all connections at once.
  func closeAll() {
    for channel in state.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
  }

  func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      let isEmpty = state.withLock { state in
        if !state.channels.isEmpty { state.waiters.append(continuation) }
        return state.channels.isEmpty
      }
      if isEmpty { continuation.resume() }
    }
  }
}
#endif
