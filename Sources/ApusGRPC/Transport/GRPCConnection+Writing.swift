#if Server
internal import NIOCore

extension GRPCConnection {
  /// Messages up to this size share a buffer with the frames around them.
  private static let smallSize = 4096

  // MARK: Messages

  /// Sends what the windows allow of a stream's messages, and its end after the last.
  func sendMessages(of stream: ServerStream) {
    var frames = ByteBuffer()
    if !stream.outgoing.isEmpty, !stream.headersAreSent {
      stream.headersAreSent = true
      frames.reserveCapacity(512)
      writeHeaders(HeaderBlocks.beginning(stream.responseCoding), stream.id, into: &frames)
    }
    var sent = 0
    while sent < stream.outgoing.count, context?.channel.isWritable != false {
      let room = min(stream.sendWindow, sendWindow, clientFrameSize)
      let count = min(room, stream.outgoing[sent].bytes.readableBytes)
      guard count > 0, let part = stream.outgoing[sent].bytes.readSlice(length: count) else {
        break
      }
      stream.sendWindow -= count
      sendWindow -= count
      unsentBytes -= count
      frames.writeFrame(.data, stream: stream.id, length: count)
      let isLast = stream.outgoing[sent].bytes.readableBytes == 0
      let onSent = isLast ? stream.outgoing[sent].onSent : nil
      if count <= Self.smallSize, onSent == nil {
        frames.writeImmutableBuffer(part)
      } else {
        write(frames)
        frames = ByteBuffer()
        write(part, onSent)
      }
      if isLast { sent += 1 }
    }
    stream.outgoing.removeFirst(sent)
    if stream.outgoing.isEmpty {
      blocked.remove(stream.id)
      if let end = stream.end {
        writeHeaders(end, stream.id, endStream: true, into: &frames)
        streams[stream.id] = nil
        if !stream.clientHasEnded { halfOpen.insert(stream.id) }
      }
    } else {
      blocked.insert(stream.id)
    }
    if frames.readableBytes > 0 { write(frames) }
    flush()
    releaseHeld()
    if stream.isAnswered { closeIfQuiet() }
  }

  /// Goes on where messages waited for a window.
  func sendBlocked() {
    for id in blocked.sorted() {
      guard sendWindow > 0, context?.channel.isWritable == true else { return }
      if let stream = streams[id] { sendMessages(of: stream) } else { blocked.remove(id) }
    }
  }

  // MARK: Frames

  func sendHeaders(_ block: [UInt8], stream: HTTP2.StreamID, endStream: Bool) {
    var frames = ByteBuffer()
    writeHeaders(block, stream, endStream: endStream, into: &frames)
    write(frames)
  }

  /// Blocks of a server are far smaller than the least size of frames.
  private func writeHeaders(
    _ block: [UInt8], _ stream: HTTP2.StreamID, endStream: Bool = false,
    into frames: inout ByteBuffer
  ) {
    let flags = HTTP2.Flag.endHeaders | (endStream ? HTTP2.Flag.endStream : 0)
    frames.writeFrame(.headers, flags: flags, stream: stream, length: block.count)
    frames.writeBytes(block)
  }

  func sendReset(_ code: HTTP2.ErrorCode, stream: HTTP2.StreamID) {
    var frame = ByteBuffer()
    frame.writeFrame(.reset, stream: stream, length: 4)
    frame.writeInteger(code.rawValue)
    write(frame)
    flush()
    if recentResets.count >= ConnectionSettings.resetMemory { recentResets.removeFirst() }
    recentResets.append(stream)
  }

  func sendWindowUpdate(_ count: Int, stream: HTTP2.StreamID) {
    var frame = ByteBuffer()
    frame.writeFrame(.windowUpdate, stream: stream, length: 4)
    frame.writeInteger(UInt32(truncatingIfNeeded: count))
    write(frame)
    flush()
  }

  func sendGoAway(
    _ code: HTTP2.ErrorCode, lastStream: HTTP2.StreamID, reason: StaticString = ""
  ) {
    var frame = ByteBuffer()
    frame.writeFrame(.goAway, stream: 0, length: 8 + reason.utf8CodeUnitCount)
    frame.writeInteger(lastStream)
    frame.writeInteger(code.rawValue)
    frame.writeStaticString(reason)
    write(frame)
    flush()
  }

  /// Answers a control frame. Throws where the client sends many and reads none of the answers.
  func sendControl(
    _ type: HTTP2.FrameType, flags: UInt8, _ payload: ByteBuffer
  ) throws(HTTP2.Failure) {
    if context?.channel.isWritable == false {
      controlBacklog += 1
      guard controlBacklog <= ConnectionSettings.controlBacklogLimit else {
        throw HTTP2.Failure(.enhanceYourCalm)
      }
    }
    var frame = ByteBuffer()
    frame.writeFrame(type, flags: flags, stream: 0, length: payload.readableBytes)
    frame.writeImmutableBuffer(payload)
    context?.write(wrapOutboundOut(frame), promise: nil)
    flush()
  }

  // MARK: Bytes

  func write(_ bytes: ByteBuffer, _ onSent: (@Sendable () -> Void)? = nil) {
    guard let context else {
      onSent?()
      return
    }
    pings.hasWritten()
    var promise: EventLoopPromise<Void>?
    if let onSent {
      promise = context.eventLoop.makePromise()
      promise?.futureResult.whenComplete { _ in onSent() }
    }
    context.write(wrapOutboundOut(bytes), promise: promise)
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
