#if Server
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// A connection of HTTP/2 whose streams are calls. All calls live in one handler, on one event loop:
/// a channel for each would cost more than most models.
final class GRPCConnection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  let settings: ConnectionSettings
  var context: ChannelHandlerContext?
  var streams: [HTTP2StreamID: ServerStream] = [:]
  private var unacknowledged = 0
  private var isReading = false
  private var needsFlush = false
  private var flushIsScheduled = false
  private var pings: PingPolicy
  private var handshake: Scheduled<Void>?

  init(_ settings: ConnectionSettings) {
    self.settings = settings
    pings = PingPolicy(settings.keepAlive)
  }

  // MARK: The channel

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    closeAll()
  }

  func channelActive(context: ChannelHandlerContext) {
    // What connects and says nothing is no client.
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    handshake = context.eventLoop.scheduleTask(in: ConnectionSettings.handshakeTime) {
      connection.value.context?.close(promise: nil)
    }
    write(
      .windowUpdate(windowSizeIncrement: ConnectionSettings.connectionWindow - 65_535),
      on: .rootStream)
    flush()
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    closeAll()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Errors of a stream end that stream; those of the connection close it by themselves.
    if error is NIOHTTP2Errors.StreamError { return }
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? StreamClosedEvent { remove(event.streamID) }
    context.fireUserInboundEventTriggered(event)
  }

  private func closeAll() {
    handshake?.cancel()
    let open = streams.values
    streams = [:]
    for stream in open { cancel(stream) }
  }

  private func remove(_ id: HTTP2StreamID) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    cancel(stream)
  }

  private func cancel(_ stream: ServerStream) {
    stream.timeout?.cancel()
    stream.call.cancel()
  }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    if let handshake {
      handshake.cancel()
      self.handshake = nil
    }
    let frame = unwrapInboundIn(data)
    switch frame.payload {
    case .headers(let headers): receive(headers, on: frame.streamID)
    case .data(let data): receive(data, on: frame.streamID)
    case .rstStream: remove(frame.streamID)
    case .ping(_, let isAnswer):
      if !isAnswer, pings.isTooMuch(now: .now(), hasCalls: !streams.isEmpty) {
        write(
          .goAway(lastStreamID: .maxID, errorCode: .enhanceYourCalm, opaqueData: nil),
          on: .rootStream)
        context.flush()
        context.close(promise: nil)
      }
    default: break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    if needsFlush {
      needsFlush = false
      context.flush()
    }
    context.fireChannelReadComplete()
  }

  private func receive(_ headers: HTTP2Frame.FramePayload.Headers, on id: HTTP2StreamID) {
    if let stream = streams[id] {
      // Trailers of the client say nothing but the end.
      if headers.endStream { end(stream) }
      return
    }
    open(headers, on: id)
  }

  private func receive(_ data: HTTP2Frame.FramePayload.Data, on id: HTTP2StreamID) {
    guard case .byteBuffer(let bytes) = data.data else { return }
    let count = bytes.readableBytes + (data.paddingBytes.map { $0 + 1 } ?? 0)
    unacknowledged += count
    if unacknowledged >= ConnectionSettings.connectionWindow / 2 {
      write(.windowUpdate(windowSizeIncrement: unacknowledged), on: .rootStream)
      unacknowledged = 0
      flush()
    }
    guard let stream = streams[id] else {
      // The call is answered. Its end is welcome, more of it is not.
      if !data.endStream {
        write(.rstStream(.noError), on: id)
        flush()
      }
      return
    }
    stream.unacknowledged += count
    stream.deframer.append(bytes)
    if data.endStream { stream.clientHasEnded = true }
    deliver(stream)
  }

  private func end(_ stream: ServerStream) {
    stream.clientHasEnded = true
    deliver(stream)
  }

  /// Hands on what is there, as long as the call takes it.
  private func deliver(_ stream: ServerStream) {
    do throws(CallStatus) {
      while !stream.isPaused, streams[stream.id] === stream,
        let frame = try stream.deframer.next(limit: settings.maximumRequestSize)
      {
        var content = frame.content
        if frame.isCompressed {
          content = try stream.requestCoding.decompress(
            content, limit: settings.maximumRequestSize)
        }
        stream.receiver.receive(content)
      }
    } catch { return finish(error, on: stream.id) }
    guard !stream.isPaused, streams[stream.id] === stream else { return }
    if stream.clientHasEnded {
      guard stream.deframer.isEmpty else {
        return finish(CallStatus(.internalError, "the call ends within a message"), on: stream.id)
      }
      if !stream.endIsTold {
        stream.endIsTold = true
        stream.receiver.end()
      }
    } else if stream.unacknowledged >= ConnectionSettings.streamWindow / 2 {
      write(.windowUpdate(windowSizeIncrement: stream.unacknowledged), on: stream.id)
      stream.unacknowledged = 0
      flush()
    }
  }

  func pause(_ id: HTTP2StreamID) { streams[id]?.isPaused = true }

  func resume(_ id: HTTP2StreamID) {
    guard let stream = streams[id], stream.isPaused else { return }
    stream.isPaused = false
    deliver(stream)
  }

  // MARK: Writing

  func write(
    _ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID, promise: EventLoopPromise<Void>? = nil
  ) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    pings.hasWritten()
    context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: promise)
  }

  /// Flushes after what is written in this turn of the event loop, so that answers share packets.
  func flush() {
    if isReading {
      needsFlush = true
      return
    }
    guard let context, !flushIsScheduled else { return }
    flushIsScheduled = true
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.execute {
      connection.value.flushIsScheduled = false
      connection.value.context?.flush()
    }
  }
}
#endif
