#if Server
internal import ApusServing
internal import NIOCore
internal import NIOPosix

/// Carries the answer of one call to its connection's event loop.
final class CallSink: AnswerSink {
  private let loop: any EventLoop
  private let connection: NIOLoopBound<HTTPConnection>
  /// Which of the connection's calls it answers.
  private let number: UInt64

  init(_ connection: HTTPConnection, _ loop: any EventLoop, number: UInt64) {
    self.loop = loop
    self.connection = NIOLoopBound(connection, eventLoop: loop)
    self.number = number
  }

  private func onLoop(_ action: @escaping @Sendable (HTTPConnection) -> Void) {
    if loop.inEventLoop {
      action(connection.value)
    } else {
      ReplyGathering.perform(on: loop) { [connection] in
        action(connection.value)
      } deliver: { [loop] in
        loop.execute($0)
      }
    }
  }

  func send(isLarge: Bool, _ make: @escaping @Sendable () -> HTTPAnswer) {
    guard isLarge else {
      return onLoop { [number] in $0.send(make, call: number) }
    }
    // Other connections of the loop go on meanwhile.
    NIOThreadPool.singleton.submit { [self] _ in
      var made = make()
      made.body.gather()
      let answer = made
      onLoop { [number] in $0.send({ answer }, call: number) }
    }
  }

  var isHere: Bool { loop.inEventLoop }

  func send(_ answer: HTTPAnswer) { connection.value.send({ answer }, call: number) }

  func begin(_ make: @escaping @Sendable () -> HTTPAnswer) {
    onLoop { [number] in $0.begin(make, call: number) }
  }

  func add(_ make: @escaping @Sendable () -> [UInt8]) {
    onLoop { [number] in $0.add(make, call: number) }
  }

  func end() { onLoop { [number] in $0.end(call: number) } }

  func cancelOnDisconnect(_ handle: RequestHandle) {
    if isHere { return connection.value.cancelOnDisconnect(handle, call: number) }
    onLoop { [number] in $0.cancelOnDisconnect(handle, call: number) }
  }
}
#endif
