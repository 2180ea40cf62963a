#if Server
internal import ApusServing
internal import NIOCore
internal import NIOHTTP1

extension HTTPConnection {
  func cancelOnDisconnect(_ handle: RequestHandle, call number: UInt64) {
    guard let call = current, call.number == number, !call.isAnswered else {
      // The client has gone, or the answer is out, which makes it no difference.
      return handle.cancel()
    }
    call.handle = handle
  }

  func send(_ make: () -> HTTPAnswer, call number: UInt64) {
    guard let context, let call = current, call.number == number, !call.isBegun else { return }
    call.isBegun = true
    write(
      make(), to: context, isHead: call.head.isHeadMethod,
      keepsAlive: keepsAlive(call.head), version: call.head.version)
    finish(call, context)
  }

  func begin(_ make: () -> HTTPAnswer, call number: UInt64) {
    guard let context, let call = current, call.number == number, !call.isBegun else { return }
    let isChunked = call.head.version != .http1_0
    call.isBegun = true
    call.isChunked = isChunked
    // The end of such an answer is the end of the connection.
    if !isChunked { isClosing = true }
    let answer = make()
    var out = allocator.buffer(capacity: 256)
    writeHead(answer, keepsAlive: keepsAlive(call.head), version: call.head.version, to: &out)
    if isChunked { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
    out.writeStaticString("Cache-Control: no-cache\r\n\r\n")
    append(answer.body.bytes, isChunked: isChunked, to: &out)
    put(out, context)
  }

  func add(_ make: () -> [UInt8], call number: UInt64) {
    guard let context, let call = current, call.number == number, call.isBegun, !call.isAnswered
    else { return }
    let part = make()
    var out = allocator.buffer(capacity: part.count + 16)
    append(part, isChunked: call.isChunked, to: &out)
    put(out, context)
    // A model does not wait for its client; what the client does not read must end somewhere.
    if unsentBytes(context) > settings.maxUnreadSize { context.close(promise: nil) }
  }

  func end(call number: UInt64) {
    guard let context, let call = current, call.number == number, call.isBegun, !call.isAnswered
    else { return }
    if call.isChunked {
      var out = allocator.buffer(capacity: 8)
      out.writeStaticString("0\r\n\r\n")
      put(out, context)
    }
    finish(call, context)
  }

  private func append(_ part: [UInt8], isChunked: Bool, to out: inout ByteBuffer) {
    guard !part.isEmpty else { return }
    if isChunked {
      out.writeString(String(part.count, radix: 16))
      out.writeStaticString("\r\n")
    }
    out.writeBytes(part)
    if isChunked { out.writeStaticString("\r\n") }
  }

  private func keepsAlive(_ head: Head) -> Bool {
    if !head.keepsAlive || settings.drain.isOn { isClosing = true }
    return !isClosing
  }

  /// Called when all of an answer is written.
  private func finish(_ call: Current, _ context: ChannelHandlerContext) {
    call.isAnswered = true
    call.handle = nil
    guard call.isRead else {
      // The client is still sending; the answer may end the connection only after that.
      if isClosing { linger(context) }
      return
    }
    if isClosing {
      current = nil
      enter(.lingering)
      // Behind what was written before.
      return context.channel.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in
        context.close(promise: nil)
      }
    }
    next()
  }

  // MARK: Bytes

  private func put(_ bytes: ByteBuffer, _ context: ChannelHandlerContext, flushes: Bool = true) {
    written &+= bytes.readableBytes
    if flushes {
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    } else {
      context.write(wrapOutboundOut(bytes), promise: nil)
    }
  }

  func writeContinue(_ context: ChannelHandlerContext) {
    var out = allocator.buffer(capacity: 32)
    out.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    put(out, context)
  }

  func write(
    _ answer: HTTPAnswer, to context: ChannelHandlerContext, isHead: Bool, keepsAlive: Bool,
    version: HTTPVersion
  ) {
    let size = answer.body.count
    let whole = isHead ? nil : answer.body.gathered
    var out = allocator.buffer(
      capacity: 256 + (isHead || whole != nil ? 0 : size))
    writeHead(answer, keepsAlive: keepsAlive, version: version, to: &out)
    out.writeStaticString("Content-Length: ")
    out.writeDecimal(size)
    out.writeStaticString("\r\n\r\n")
    if let whole {
      put(out, context, flushes: false)
      return put(whole, context)
    }
    if !isHead { answer.body.write(to: &out) }
    put(out, context)
  }

  private func writeHead(
    _ answer: HTTPAnswer, keepsAlive: Bool, version: HTTPVersion, to out: inout ByteBuffer
  ) {
    out.writeStaticString(answer.status.line)
    if let type = answer.contentType {
      out.writeStaticString("Content-Type: ")
      out.writeStaticString(type)
      out.writeStaticString("\r\n")
    }
    if let length = answer.textLength {
      out.writeStaticString("Inference-Header-Content-Length: ")
      out.writeDecimal(length)
      out.writeStaticString("\r\n")
    }
    for (name, value) in answer.headers {
      out.writeString(name)
      out.writeStaticString(": ")
      out.writeString(value)
      out.writeStaticString("\r\n")
    }
    if !keepsAlive {
      out.writeStaticString("Connection: close\r\n")
    } else if version == .http1_0 {
      out.writeStaticString("Connection: keep-alive\r\n")
    }
  }
}
#endif
