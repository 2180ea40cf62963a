#if Server
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

extension GRPCConnection {
  /// Begins the call that a stream's headers ask for, or refuses it.
  func open(_ frame: HTTP2Frame.FramePayload.Headers, on id: HTTP2StreamID) {
    guard let context else { return }
    let headers = frame.headers
    guard headers.first(name: ":method") == "POST",
      let type = headers.first(name: "content-type"), type.hasPrefix("application/grpc")
    else {
      return self.refuse(HPACKHeaders([(":status", "415")]), on: id)
    }
    func refuse(_ status: CallStatus) {
      self.refuse(Self.trailersOnly(status), on: id)
    }
    let path = headers.first(name: ":path") ?? ""
    guard let method = settings.methods[path] else {
      return refuse(
        CallStatus(.unimplemented, "the method '\(path.prefix(200))' is not served here"))
    }
    let metadata = CallMetadata(headers)
    if !settings.access.isOpen,
      let status = settings.access.refusal(of: ProtocolGroup(path: path), metadata)
    {
      return refuse(status)
    }
    let name = headers.first(name: "grpc-encoding") ?? MessageCoding.identity.rawValue
    guard let coding = MessageCoding(rawValue: name) else {
      return refuse(
        CallStatus(
          .unimplemented, "grpc-encoding '\(name.prefix(40))' is none of \(MessageCoding.accepted)")
      )
    }
    let call = Call(
      path: path, metadata: metadata, connection: self, eventLoop: context.eventLoop, stream: id)
    let stream = ServerStream(
      id: id, call: call, receiver: method(call), requestCoding: coding,
      responseCoding: responseCoding(metadata, request: coding))
    streams[id] = stream
    if let timeout = metadata.timeout { schedule(timeout, stream) }
    if frame.endStream {
      stream.clientHasEnded = true
      stream.endIsTold = true
      stream.receiver.end()
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

  private func refuse(_ headers: HPACKHeaders, on id: HTTP2StreamID) {
    write(.headers(.init(headers: headers, endStream: true)), on: id)
    flush()
  }

  // MARK: Answers

  /// Sends the only message of a call, and its end.
  func answer(_ message: FramedMessage, on id: HTTP2StreamID) {
    guard let stream = streams[id] else { return }
    if let status = message.failure { return finish(status, on: id) }
    sendHeaders(stream)
    write(.data(.init(data: .byteBuffer(encoded(message, stream)))), on: id)
    finish(.ok, on: id)
  }

  /// Sends a message of many.
  func send(
    _ message: FramedMessage, on id: HTTP2StreamID, onSent: @escaping @Sendable () -> Void
  ) {
    guard let stream = streams[id], let context else { return onSent() }
    if let status = message.failure {
      onSent()
      return finish(status, on: id)
    }
    sendHeaders(stream)
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenComplete { _ in onSent() }
    write(.data(.init(data: .byteBuffer(encoded(message, stream)))), on: id, promise: promise)
    flush()
  }

  /// Ends a call; does nothing where it has ended.
  func finish(_ status: CallStatus, on id: HTTP2StreamID) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    stream.timeout?.cancel()
    if status == .ok { stream.call.release() } else { stream.call.cancel() }
    let trailers =
      stream.headersAreSent ? Self.trailers(status) : Self.trailersOnly(status)
    write(.headers(.init(headers: trailers, endStream: true)), on: id)
    flush()
  }

  private func encoded(_ message: FramedMessage, _ stream: ServerStream) -> ByteBuffer {
    guard stream.responseCoding != .identity else { return message.bytes }
    return message.compressed(stream.responseCoding, level: settings.responseCompression ?? 1)
  }

  private func sendHeaders(_ stream: ServerStream) {
    guard !stream.headersAreSent else { return }
    stream.headersAreSent = true
    var headers = Self.plainHeaders
    if stream.responseCoding != .identity {
      headers.add(name: "grpc-encoding", value: stream.responseCoding.rawValue)
    }
    write(.headers(.init(headers: headers)), on: stream.id)
  }

  private static let plainHeaders = HPACKHeaders([
    (":status", "200"), ("content-type", "application/grpc"),
    ("grpc-accept-encoding", MessageCoding.accepted),
  ])

  private static let okTrailers = HPACKHeaders([("grpc-status", "0")])

  private static func trailers(_ status: CallStatus) -> HPACKHeaders {
    if status == .ok { return okTrailers }
    var headers = HPACKHeaders([("grpc-status", "\(status.code.rawValue)")])
    if !status.message.isEmpty { headers.add(name: "grpc-message", value: status.encodedMessage) }
    return headers
  }

  private static func trailersOnly(_ status: CallStatus) -> HPACKHeaders {
    var headers = plainHeaders
    headers.add(contentsOf: trailers(status))
    return headers
  }
}
#endif
