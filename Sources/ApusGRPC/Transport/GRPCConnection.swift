#if Server
internal import NIOCore

/// A connection of HTTP/2 whose streams are calls of gRPC. All of it happens in one handler, on one event
/// loop, over the connection's own bytes: tasks and channels for each call would cost more than most models
/// do.
///
/// Its concerns are files: `+Reading` takes frames apart, `+Frames` knows what they mean, `+Calls` begins
/// and ends calls, `+Writing` sends within the client's windows, `+Life` pings, ages and ends.
final class GRPCConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let settings: ConnectionSettings
  var context: ChannelHandlerContext?

  // Reading
  var input = ByteBuffer()
  var hasPreface = false
  var hasSettings = false
  /// A frame of data that is not there as a whole; its bytes are handed on as they come.
  var partial: (stream: HTTP2.StreamID, missing: Int, endStream: Bool)?
  /// A block of headers that is continued in other frames.
  var headerBlock: (stream: HTTP2.StreamID, endStream: Bool, bytes: ByteBuffer, parts: Int)?
  var headerReader = HeaderReader(listLimit: ConnectionSettings.headerLimit)
  var floods = FloodLimit(ConnectionSettings.floodLimit)
  var isReading = false

  let recent = RecentInference()

  // Streams
  var streams: [HTTP2.StreamID: ServerStream] = [:]
  /// Streams whose answer is sent and whose client may still send.
  var halfOpen: Set<HTTP2.StreamID> = []
  /// Streams that were reset last; what the client had sent before it knew is passed over.
  var recentResets: [HTTP2.StreamID] = []
  var lastStream: HTTP2.StreamID = 0
  /// Later streams are not served; set when the connection is about to end.
  var lastServedStream = HTTP2.lastStreamID

  // Windows
  var receiveWindow = ConnectionSettings.connectionWindow
  var unacknowledged = 0
  var sendWindow = HTTP2.defaultWindow
  var clientStreamWindow = HTTP2.defaultWindow
  var clientFrameSize = 16_384
  /// Streams whose messages wait for a window, or for the client to read.
  var blocked: Set<HTTP2.StreamID> = []
  /// Bytes of messages that wait.
  var unsentBytes = 0
  /// Streams whose requests wait until fewer bytes do.
  var held: Set<HTTP2.StreamID> = []
  var releaseIsScheduled = false
  var needsFlush = false
  var flushIsScheduled = false
  /// Answers to control frames that the client does not read.
  var controlBacklog = 0

  // Life
  var pings: PingPolicy
  var handshake: Scheduled<Void>?
  var keepAlive: Scheduled<Void>?
  var timers: [Scheduled<Void>] = []
  var lastRead = NIODeadline.now()
  var isQuiescing = false
  var isClosing = false

  init(_ settings: ConnectionSettings) {
    self.settings = settings
    pings = PingPolicy(settings.keepAlive)
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    dropAll()
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    sendSettings()
    startTimers()
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    dropAll()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    isReading = true
    let bytes = unwrapInboundIn(data)
    if input.readableBytes == 0 {
      input = bytes
    } else {
      input.writeImmutableBuffer(bytes)
    }
    do throws(HTTP2.Failure) { try readFrames() } catch { fail(error) }
    if input.readableBytes == 0 { input = ByteBuffer() }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    lastRead = .now()
    if needsFlush {
      needsFlush = false
      context.flush()
    }
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      controlBacklog = 0
      sendBlocked()
    }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { quiesce() }
    context.fireUserInboundEventTriggered(event)
  }

  /// The client is gone.
  private func dropAll() {
    handshake?.cancel()
    keepAlive?.cancel()
    for timer in timers { timer.cancel() }
    timers = []
    let open = streams.values
    streams = [:]
    for stream in open { drop(stream) }
  }

  /// Nobody waits for a call any more.
  func drop(_ stream: ServerStream) {
    stream.timeout?.cancel()
    stream.call.cancel()
    for message in stream.outgoing {
      unsentBytes -= message.bytes.readableBytes
      message.onSent?()
    }
    stream.outgoing = []
    releaseHeld()
  }
}
#endif
