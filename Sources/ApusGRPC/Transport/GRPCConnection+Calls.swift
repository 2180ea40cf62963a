#if Server
internal import ApusServing
internal import NIOCore

extension GRPCConnection {
  /// Begins the call that a stream's headers ask for, or refuses it.
  func open(_ metadata: CallMetadata, on id: HTTP2.StreamID, endStream: Bool) {
    guard let context else { return }
    guard metadata.isCall else {
      return refuse(HeaderBlocks.noCall, on: id, endStream: endStream)
    }
    let path = metadata.path
    guard let method = settings.methods[path] else {
      let status = CallStatus(
        .unimplemented, "the method '\(path.prefix(200))' is not served here")
      return refuse(HeaderBlocks.only(status), on: id, endStream: endStream)
    }
    if !settings.access.isOpen,
      let status = settings.access.refusal(of: EndpointGroup(path: path), metadata)
    {
      return refuse(HeaderBlocks.only(status), on: id, endStream: endStream)
    }
    guard let coding = metadata.encoding.map(MessageCoding.init(rawValue:)) ?? .identity else {
      let name = metadata.encoding ?? ""
      let status = CallStatus(
        .unimplemented, "grpc-encoding '\(name.prefix(40))' is none of \(MessageCoding.accepted)")
      return refuse(HeaderBlocks.only(status), on: id, endStream: endStream)
    }
    let call = Call(
      metadata: metadata, connection: self, eventLoop: context.eventLoop, stream: id)
    let stream = ServerStream(
      id: id, call: call, receiver: method(call), requestCoding: coding,
      responseCoding: responseCoding(metadata, request: coding), sendWindow: clientStreamWindow)
    streams[id] = stream
    if let timeout = metadata.timeout { schedule(timeout, stream) }
    if endStream {
      stream.clientHasEnded = true
      deliver(stream)
    }
  }

  /// Answers are compressed where the server is told to or the request was, and the client understands it.
  private func responseCoding(_ metadata: CallMetadata, request: MessageCoding) -> MessageCoding {
    if request != .identity, metadata.lists(request.rawValue, in: "grpc-accept-encoding") {
      return request
    }
    guard settings.responseCompression != nil else { return .identity }
    for coding in [MessageCoding.gzip, .deflate]
    where metadata.lists(coding.rawValue, in: "grpc-accept-encoding") {
      return coding
    }
    return .identity
  }

  private func schedule(_ nanoseconds: Int64, _ stream: ServerStream) {
    guard let context else { return }
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    let call = stream.call
    let id = stream.id
    stream.timeout = context.eventLoop.scheduleTask(in: .nanoseconds(nanoseconds)) {
      call.cancel()
      connection.value.finish(
        CallStatus(.deadlineExceeded, "the call's time is over"), on: id)
    }
  }

  private func refuse(_ block: [UInt8], on id: HTTP2.StreamID, endStream: Bool) {
    sendHeaders(block, stream: id, endStream: true)
    if !endStream { halfOpen.insert(id) }
    flush()
  }

  // MARK: Requests

  /// Hands on the messages that are there, as long as the call takes them, and as the client reads answers.
  func deliver(_ stream: ServerStream) {
    if unsentBytes > ConnectionSettings.unsentLimit {
      held.insert(stream.id)
      return
    }
    do throws(CallStatus) {
      while !stream.isPaused, !stream.isAnswered, streams[stream.id] === stream,
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
    guard !stream.isPaused, !stream.isAnswered, streams[stream.id] === stream else { return }
    if stream.clientHasEnded {
      guard stream.deframer.isEmpty else {
        return finish(CallStatus(.internalError, "the call ends within a message"), on: stream.id)
      }
      if !stream.endIsTold {
        stream.endIsTold = true
        stream.receiver.end()
      }
    } else if stream.unacknowledged >= ConnectionSettings.streamWindow / 2 {
      sendWindowUpdate(stream.unacknowledged, stream: stream.id)
      stream.receiveWindow += stream.unacknowledged
      stream.unacknowledged = 0
    }
  }

  /// Goes on with requests that waited for answers to leave.
  func releaseHeld() {
    guard !held.isEmpty, !releaseIsScheduled, unsentBytes <= ConnectionSettings.unsentLimit / 2,
      let context
    else { return }
    releaseIsScheduled = true
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.execute {
      let connection = connection.value
      connection.releaseIsScheduled = false
      let ids = connection.held.sorted()
      connection.held = []
      for id in ids { if let stream = connection.streams[id] { connection.deliver(stream) } }
    }
  }

  func pause(_ id: HTTP2.StreamID) { streams[id]?.isPaused = true }

  func resume(_ id: HTTP2.StreamID) {
    guard let stream = streams[id], stream.isPaused else { return }
    stream.isPaused = false
    deliver(stream)
  }

  // MARK: Answers

  /// Sends the only message of a call, and its end.
  func answer(_ message: FramedMessage, on id: HTTP2.StreamID) {
    guard let stream = streams[id], !stream.isAnswered else { return }
    if let status = message.failure { return finish(status, on: id) }
    put(ServerStream.Outgoing(bytes: encoded(message, stream), onSent: nil), on: stream)
    finish(.ok, on: id)
  }

  /// Sends a message of many.
  func send(
    _ message: FramedMessage, on id: HTTP2.StreamID, onSent: @escaping @Sendable () -> Void
  ) {
    guard let stream = streams[id], !stream.isAnswered else { return onSent() }
    if let status = message.failure {
      onSent()
      return finish(status, on: id)
    }
    put(ServerStream.Outgoing(bytes: encoded(message, stream), onSent: onSent), on: stream)
    sendMessages(of: stream)
  }

  /// Ends a call after its messages; does nothing where it has ended.
  func finish(_ status: CallStatus, on id: HTTP2.StreamID) {
    guard let stream = streams[id], !stream.isAnswered else { return }
    stream.timeout?.cancel()
    if status == .ok {
      stream.call.release()
    } else {
      stream.call.cancel()
    }
    let hasMessages = stream.headersAreSent || !stream.outgoing.isEmpty
    stream.end = hasMessages ? HeaderBlocks.end(status) : HeaderBlocks.only(status)
    sendMessages(of: stream)
  }

  private func put(_ message: ServerStream.Outgoing, on stream: ServerStream) {
    unsentBytes += message.bytes.readableBytes
    stream.outgoing.append(message)
  }

  private func encoded(_ message: FramedMessage, _ stream: ServerStream) -> ByteBuffer {
    guard stream.responseCoding != .identity else { return message.bytes }
    return message.compressed(stream.responseCoding, level: settings.responseCompression ?? 1)
  }
}
#endif
