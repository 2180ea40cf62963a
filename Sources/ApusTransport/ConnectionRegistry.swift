#if Server
internal import CoreMetrics
package import NIOCore
internal import Synchronization

/// The open connections of a server, so that it can end them. Counted by protocol in `apus_open_connections`,
/// `apus_connections_total` and `apus_connections_refused_total`.
package final class ConnectionRegistry: Sendable {
  private let limit: Int
  private let state = Mutex(State())
  private let open: Meter
  private let taken: Counter
  private let refused: Counter

  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var isDraining = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  /// `name` is that of the protocol.
  package init(limit: Int, name: String) {
    self.limit = limit
    let labels = [("protocol", name)]
    open = Meter(label: "apus_open_connections", dimensions: labels)
    taken = Counter(label: "apus_connections_total", dimensions: labels)
    refused = Counter(label: "apus_connections_refused_total", dimensions: labels)
  }

  /// Adds a connection until it closes; false where there are too many, or none are wanted any more.
  package func add(_ channel: any Channel) -> Bool {
    let id = ObjectIdentifier(channel)
    let isAdded = state.withLock { state in
      guard !state.isDraining, state.channels.count < limit else { return false }
      state.channels[id] = channel
      return true
    }
    guard isAdded else {
      refused.increment()
      return false
    }
    taken.increment()
    open.increment()
    channel.closeFuture.whenComplete { [self] _ in remove(id) }
    return true
  }

  private func remove(_ id: ObjectIdentifier) {
    open.decrement()
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.channels[id] = nil
      guard state.channels.isEmpty, state.isDraining else { return [] }
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Lets connections end with the calls under way, which a `ChannelShouldQuiesceEvent` tells them, and returns when
  /// all are closed; closes them at once where the task is cancelled.
  package func drain() async {
    let channels = state.withLock { state in
      state.isDraining = true
      return Array(state.channels.values)
    }
    for channel in channels {
      channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isEmpty = state.withLock { state in
          if !state.channels.isEmpty { state.waiting.append(continuation) }
          return state.channels.isEmpty
        }
        if isEmpty { continuation.resume() }
      }
    } onCancel: {
      closeAll()
    }
  }

  package func closeAll() {
    let channels = state.withLock { Array($0.channels.values) }
    for channel in channels { channel.close(promise: nil) }
  }
}
#endif
