#if Server
internal import NIOCore

extension GRPCConnection {
  // MARK: Data

  /// Counts bytes of a frame of data, padding included, against what the client may send.
  func takeWindow(_ count: Int, _ id: HTTP2.StreamID) throws(HTTP2.Failure) {
    guard id != 0, id <= lastStream else { throw HTTP2.Failure(.protocolError) }
    receiveWindow -= count
    guard receiveWindow >= 0 else { throw HTTP2.Failure(.flowControl) }
    unacknowledged += count
    if unacknowledged >= ConnectionSettings.connectionWindow / 2 {
      sendWindowUpdate(unacknowledged, stream: 0)
      receiveWindow += unacknowledged
      unacknowledged = 0
    }
    guard let stream = streams[id] else { return }
    stream.receiveWindow -= count
    stream.unacknowledged += count
    guard stream.receiveWindow >= 0 else { throw HTTP2.Failure(.flowControl) }
  }

  func receiveData(
    _ bytes: ByteBuffer, _ id: HTTP2.StreamID, endStream: Bool
  ) throws(HTTP2.Failure) {
    guard let stream = streams[id] else {
      guard halfOpen.contains(id) else { return }
      // The call is answered. Its end is welcome, more of it is not.
      if endStream {
        halfOpen.remove(id)
      } else if bytes.readableBytes > 0 {
        halfOpen.remove(id)
        sendReset(.none, stream: id)
      }
      return closeIfQuiet()
    }
    guard !stream.clientHasEnded else { throw HTTP2.Failure(.streamClosed) }
    if endStream { stream.clientHasEnded = true }
    guard !stream.isAnswered else { return }
    if bytes.readableBytes > 0 { stream.deframer.append(bytes) }
    deliver(stream)
  }

  // MARK: Headers

  func receiveHeaders(
    _ block: ByteBuffer, _ id: HTTP2.StreamID, endStream: Bool
  ) throws(HTTP2.Failure) {
    guard id % 2 == 1 else { throw HTTP2.Failure(.protocolError) }
    // Read in any case: the table of the connection depends on it.
    let headers = try headerReader.read(block)
    if let stream = streams[id] {
      guard endStream, !stream.clientHasEnded else { throw HTTP2.Failure(.protocolError) }
      // Trailers of the client say nothing but the end.
      return try receiveData(ByteBuffer(), id, endStream: true)
    }
    if halfOpen.contains(id) {
      return try receiveData(ByteBuffer(), id, endStream: endStream)
    }
    guard id > lastStream else {
      if recentResets.contains(id) { return }
      throw HTTP2.Failure(.streamClosed)
    }
    lastStream = id
    guard id <= lastServedStream else { return }
    guard streams.count + halfOpen.count < ConnectionSettings.streamLimit else {
      return sendReset(.refusedStream, stream: id)
    }
    guard headers.isWellFormed else { return sendReset(.protocolError, stream: id) }
    open(headers, on: id, endStream: endStream)
  }

  // MARK: Control

  func receiveReset(_ id: HTTP2.StreamID, _ payload: ByteBuffer) throws(HTTP2.Failure) {
    try floods.take()
    guard id != 0, id <= lastStream else { throw HTTP2.Failure(.protocolError) }
    guard payload.readableBytes == 4 else { throw HTTP2.Failure(.frameSize) }
    halfOpen.remove(id)
    blocked.remove(id)
    if let stream = streams.removeValue(forKey: id) { drop(stream) }
    closeIfQuiet()
  }

  func receiveSettings(
    _ flags: UInt8, _ id: HTTP2.StreamID, _ payload: ByteBuffer
  ) throws(HTTP2.Failure) {
    try floods.take()
    guard id == 0 else { throw HTTP2.Failure(.protocolError) }
    if flags & HTTP2.Flag.acknowledgement != 0 {
      guard payload.readableBytes == 0, hasSettings else { throw HTTP2.Failure(.frameSize) }
      return
    }
    guard payload.readableBytes % 6 == 0 else { throw HTTP2.Failure(.frameSize) }
    if !hasSettings {
      hasSettings = true
      handshake?.cancel()
      handshake = nil
    }
    var payload = payload
    while let identifier = payload.readInteger(as: UInt16.self),
      let value = payload.readInteger(as: UInt32.self)
    {
      switch identifier {
      case 4: try changeStreamWindow(value)
      case 5:
        guard value >= 16_384, value <= 16_777_215 else { throw HTTP2.Failure(.protocolError) }
        clientFrameSize = Int(value)
      default: break
      }
    }
    try sendControl(.settings, flags: HTTP2.Flag.acknowledgement, ByteBuffer())
  }

  /// The client's new window counts for streams that are open as well.
  private func changeStreamWindow(_ value: UInt32) throws(HTTP2.Failure) {
    guard value <= HTTP2.maximumWindow else { throw HTTP2.Failure(.flowControl) }
    let change = Int(value) - clientStreamWindow
    clientStreamWindow = Int(value)
    for stream in streams.values {
      stream.sendWindow += change
      guard stream.sendWindow <= HTTP2.maximumWindow else { throw HTTP2.Failure(.flowControl) }
    }
    if change > 0 { sendBlocked() }
  }

  func receivePing(
    _ flags: UInt8, _ id: HTTP2.StreamID, _ payload: ByteBuffer
  ) throws(HTTP2.Failure) {
    guard id == 0 else { throw HTTP2.Failure(.protocolError) }
    guard payload.readableBytes == 8 else { throw HTTP2.Failure(.frameSize) }
    if flags & HTTP2.Flag.acknowledgement != 0 { return receivePingAnswer(payload) }
    try floods.take()
    if pings.isTooMuch(now: .now(), hasCalls: !streams.isEmpty) {
      // The words that clients of gRPC lengthen their interval at.
      throw HTTP2.Failure(.enhanceYourCalm, "too_many_pings")
    }
    try sendControl(.ping, flags: HTTP2.Flag.acknowledgement, payload)
  }

  func receiveWindow(_ id: HTTP2.StreamID, _ payload: ByteBuffer) throws(HTTP2.Failure) {
    guard payload.readableBytes == 4,
      let word = payload.getInteger(at: payload.readerIndex, as: UInt32.self)
    else { throw HTTP2.Failure(.frameSize) }
    let change = Int(word & HTTP2.lastStreamID)
    guard id <= lastStream else { throw HTTP2.Failure(.protocolError) }
    if id == 0 {
      guard change > 0 else { throw HTTP2.Failure(.protocolError) }
      sendWindow += change
      guard sendWindow <= HTTP2.maximumWindow else { throw HTTP2.Failure(.flowControl) }
      return sendBlocked()
    }
    guard let stream = streams[id] else { return }
    stream.sendWindow += change
    guard change > 0, stream.sendWindow <= HTTP2.maximumWindow else {
      streams[id] = nil
      blocked.remove(id)
      drop(stream)
      return sendReset(change > 0 ? .flowControl : .protocolError, stream: id)
    }
    if blocked.contains(id) { sendMessages(of: stream) }
  }
}
#endif
