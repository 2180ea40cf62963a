#if Server
internal import ApusServing
internal import NIOCore
internal import Synchronization

/// A call under way. What it is told comes on the connection's event loop; what it answers may come from
/// any thread, and keeps its order.
final class Call: Sendable {
  let metadata: CallMetadata
  let eventLoop: any EventLoop
  /// The connection's.
  let recent: RecentInference
  private let connection: NIOLoopBound<GRPCConnection>
  private let stream: HTTP2.StreamID
  private let state = Mutex(State())

  private struct State {
    var isCancelled = false
    var onCancel: (@Sendable () -> Void)?
  }

  init(
    metadata: CallMetadata, connection: GRPCConnection, eventLoop: any EventLoop,
    stream: HTTP2.StreamID
  ) {
    self.metadata = metadata
    self.eventLoop = eventLoop
    recent = connection.recent
    self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
    self.stream = stream
  }

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Calls `action` when nobody waits for the call any more, at once where that is so already.
  func onCancel(_ action: @escaping @Sendable () -> Void) {
    let runNow = state.withLock { state in
      if !state.isCancelled { state.onCancel = action }
      return state.isCancelled
    }
    if runNow { action() }
  }

  /// The connection's, when the client is gone or its time is over.
  func cancel() {
    let action = state.withLock { state in
      state.isCancelled = true
      defer { state.onCancel = nil }
      return state.onCancel
    }
    action?()
  }

  /// The connection's, when the call is answered.
  func release() { state.withLock { $0.onCancel = nil } }

  /// Sends a message and ends the call well.
  func answer(_ message: ResponseEncoding) {
    let framed = message.framed()
    perform { connection, stream in connection.answer(framed, on: stream) }
  }

  /// Sends a message of many. `onSent` is called when it has left, or cannot any more.
  func send(_ message: ResponseEncoding, onSent: @escaping @Sendable () -> Void) {
    let framed = message.framed()
    // Never at once, so that messages of other threads that wait are not overtaken.
    eventLoop.execute { [connection, stream] in
      connection.value.send(framed, on: stream, onSent: onSent)
    }
  }

  /// Ends the call.
  func finish(_ status: CallStatus) {
    eventLoop.execute { [connection, stream] in connection.value.finish(status, on: stream) }
  }

  /// No more messages are to come until `resume`; on the event loop.
  func pause() { connection.value.pause(stream) }

  /// From any thread.
  func resume() {
    eventLoop.execute { [connection, stream] in connection.value.resume(stream) }
  }

  private func perform(
    _ action: @escaping @Sendable (GRPCConnection, HTTP2.StreamID) -> Void
  ) {
    if eventLoop.inEventLoop {
      action(connection.value, stream)
    } else {
      ReplyGathering.perform(on: eventLoop) { [connection, stream] in
        action(connection.value, stream)
      } deliver: { [eventLoop] in
        eventLoop.execute($0)
      }
    }
  }
}
#endif
