#if Server
internal import NIOCore

extension GRPCConnection {
  /// What the connection begins with.
  func sendSettings() {
    var frame = ByteBuffer()
    frame.writeFrame(.settings, stream: 0, length: 24)
    frame.writeSetting(3, ConnectionSettings.streamLimit)
    frame.writeSetting(4, ConnectionSettings.streamWindow)
    frame.writeSetting(5, ConnectionSettings.frameSize)
    frame.writeSetting(6, ConnectionSettings.headerLimit)
    write(frame)
    sendWindowUpdate(ConnectionSettings.connectionWindow - HTTP2.defaultWindow, stream: 0)
  }

  func startTimers() {
    guard let loop = context?.eventLoop else { return }
    let connection = NIOLoopBound(self, eventLoop: loop)
    // What connects and says nothing is no client.
    handshake = loop.scheduleTask(in: ConnectionSettings.handshakeTime) {
      connection.value.context?.close(promise: nil)
    }
    if let age = settings.maximumAge {
      timers.append(loop.scheduleTask(in: age) { connection.value.quiesce() })
    }
    scheduleKeepAlive(settings.keepAliveTime)
  }

  // MARK: Keep-alive

  private func scheduleKeepAlive(_ time: TimeAmount) {
    guard let loop = context?.eventLoop else { return }
    let connection = NIOLoopBound(self, eventLoop: loop)
    keepAlive = loop.scheduleTask(in: time) { connection.value.lookForLife() }
  }

  /// Asks a connection that was silent whether it lives.
  private func lookForLife() {
    guard let loop = context?.eventLoop else { return }
    let silence = NIODeadline.now() - lastRead
    guard silence >= settings.keepAliveTime else {
      return scheduleKeepAlive(settings.keepAliveTime - silence)
    }
    sendPing(ConnectionSettings.keepAliveMark)
    let asked = lastRead
    let connection = NIOLoopBound(self, eventLoop: loop)
    keepAlive = loop.scheduleTask(in: settings.keepAliveTimeout) {
      // Anything that came since is a sign of life.
      if connection.value.lastRead == asked {
        connection.value.context?.close(promise: nil)
      } else {
        connection.value.scheduleKeepAlive(connection.value.settings.keepAliveTime)
      }
    }
  }

  private func sendPing(_ mark: UInt64) {
    var frame = ByteBuffer()
    frame.writeFrame(.ping, stream: 0, length: 8)
    frame.writeInteger(mark)
    write(frame)
    flush()
  }

  func receivePingAnswer(_ payload: ByteBuffer) {
    let mark = payload.getInteger(at: payload.readerIndex, as: UInt64.self)
    if isQuiescing, mark == ConnectionSettings.quiescingMark { stopServing() }
  }

  // MARK: The end

  /// Ends the connection when the calls under way are answered. Clients hear first that it will end; those
  /// calls that were sent before they heard are still served.
  func quiesce() {
    guard !isQuiescing, let loop = context?.eventLoop else { return }
    isQuiescing = true
    sendGoAway(.none, lastStream: HTTP2.lastStreamID)
    sendPing(ConnectionSettings.quiescingMark)
    let connection = NIOLoopBound(self, eventLoop: loop)
    // For clients that do not answer pings.
    timers.append(
      loop.scheduleTask(in: ConnectionSettings.quiescingTime) { connection.value.stopServing() })
    if let grace = settings.maximumAgeGrace {
      timers.append(
        loop.scheduleTask(in: grace) { connection.value.context?.close(promise: nil) })
    }
  }

  private func stopServing() {
    guard lastServedStream == HTTP2.lastStreamID else { return }
    lastServedStream = lastStream
    sendGoAway(.none, lastStream: lastStream)
    closeIfQuiet()
  }

  /// Closes a connection that is to end and has no call left.
  func closeIfQuiet() {
    guard isQuiescing, lastServedStream != HTTP2.lastStreamID, streams.isEmpty, !isClosing,
      let context
    else { return }
    closeAfterWriting(context)
  }

  /// Ends the connection with an error.
  func fail(_ failure: HTTP2.Failure) {
    guard !isClosing, let context else { return }
    sendGoAway(failure.code, lastStream: lastStream, reason: failure.reason)
    closeAfterWriting(context)
    // A client that does not read has had its time.
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    timers.append(
      context.eventLoop.scheduleTask(in: ConnectionSettings.closingTime) {
        connection.value.context?.close(promise: nil)
      })
  }

  /// Closes when all that is written has left.
  private func closeAfterWriting(_ context: ChannelHandlerContext) {
    isClosing = true
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenComplete { _ in
      connection.value.context?.close(promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
  }
}
#endif
