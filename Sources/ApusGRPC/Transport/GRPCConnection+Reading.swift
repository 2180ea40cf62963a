#if Server
internal import NIOCore

extension GRPCConnection {
  /// Takes apart what has come.
  func readFrames() throws(HTTP2.Failure) {
    guard try readPreface() else { return }
    while !isClosing {
      if let part = partial {
        guard part.missing == 0 || input.readableBytes > 0 else { return }
        try readData(part)
        continue
      }
      guard input.readableBytes >= HTTP2.headerLength,
        let word = input.getInteger(at: input.readerIndex, as: UInt32.self),
        let flags = input.getInteger(at: input.readerIndex + 4, as: UInt8.self),
        let number = input.getInteger(at: input.readerIndex + 5, as: UInt32.self)
      else { return }
      let length = Int(word >> 8)
      let stream = number & HTTP2.lastStreamID
      let type = HTTP2.FrameType(rawValue: UInt8(truncatingIfNeeded: word))
      guard length <= ConnectionSettings.frameSize else { throw HTTP2.Failure(.frameSize) }
      guard hasSettings || type == .settings else { throw HTTP2.Failure(.protocolError) }
      if let block = headerBlock, type != .continuation || stream != block.stream {
        throw HTTP2.Failure(.protocolError)
      }
      if type == .data, flags & HTTP2.Flag.padded == 0 {
        input.moveReaderIndex(forwardBy: HTTP2.headerLength)
        if length == 0 { try floods.take() }
        try takeWindow(length, stream)
        partial = (stream, length, flags & HTTP2.Flag.endStream != 0)
        continue
      }
      guard input.readableBytes >= HTTP2.headerLength + length else { return }
      input.moveReaderIndex(forwardBy: HTTP2.headerLength)
      guard let payload = input.readSlice(length: length) else { return }
      // Kinds that are not known are passed over.
      guard let type else {
        try floods.take()
        continue
      }
      try receive(type, flags, stream, payload)
    }
  }

  /// Whether the client has said that it speaks HTTP/2.
  private func readPreface() throws(HTTP2.Failure) -> Bool {
    if hasPreface { return true }
    let count = min(input.readableBytes, HTTP2.preface.count)
    guard let start = input.getBytes(at: input.readerIndex, length: count),
      HTTP2.preface.starts(with: start)
    else { throw HTTP2.Failure(.protocolError) }
    guard count == HTTP2.preface.count else { return false }
    input.moveReaderIndex(forwardBy: count)
    hasPreface = true
    return true
  }

  /// Hands on what there is of a frame of data.
  private func readData(
    _ part: (stream: HTTP2.StreamID, missing: Int, endStream: Bool)
  ) throws(HTTP2.Failure) {
    let count = min(part.missing, input.readableBytes)
    guard let bytes = input.readSlice(length: count) else { return }
    let isWhole = count == part.missing
    partial = isWhole ? nil : (part.stream, part.missing - count, part.endStream)
    try receiveData(bytes, part.stream, endStream: isWhole && part.endStream)
  }

  private func receive(
    _ type: HTTP2.FrameType, _ flags: UInt8, _ stream: HTTP2.StreamID, _ payload: ByteBuffer
  ) throws(HTTP2.Failure) {
    var payload = payload
    switch type {
    case .data:
      try takeWindow(payload.readableBytes, stream)
      try removePadding(&payload)
      try receiveData(payload, stream, endStream: flags & HTTP2.Flag.endStream != 0)
    case .headers:
      if flags & HTTP2.Flag.padded != 0 { try removePadding(&payload) }
      if flags & HTTP2.Flag.priority != 0 {
        guard payload.readableBytes >= 5 else { throw HTTP2.Failure(.frameSize) }
        payload.moveReaderIndex(forwardBy: 5)
      }
      headerBlock = (stream, flags & HTTP2.Flag.endStream != 0, payload, 0)
      try finishHeaders(flags)
    case .continuation:
      guard var block = headerBlock else { throw HTTP2.Failure(.protocolError) }
      block.parts += 1
      guard block.parts <= ConnectionSettings.continuationLimit,
        block.bytes.readableBytes + payload.readableBytes <= ConnectionSettings.headerLimit
      else { throw HTTP2.Failure(.enhanceYourCalm) }
      block.bytes.writeImmutableBuffer(payload)
      headerBlock = block
      try finishHeaders(flags)
    case .priority:
      try floods.take()
      guard stream != 0 else { throw HTTP2.Failure(.protocolError) }
      guard payload.readableBytes == 5 else { throw HTTP2.Failure(.frameSize) }
    case .reset: try receiveReset(stream, payload)
    case .settings: try receiveSettings(flags, stream, payload)
    case .push: throw HTTP2.Failure(.protocolError)
    case .ping: try receivePing(flags, stream, payload)
    case .goAway:
      guard stream == 0 else { throw HTTP2.Failure(.protocolError) }
    case .windowUpdate: try receiveWindow(stream, payload)
    }
  }

  private func removePadding(_ payload: inout ByteBuffer) throws(HTTP2.Failure) {
    guard let padding = payload.readInteger(as: UInt8.self),
      Int(padding) <= payload.readableBytes
    else { throw HTTP2.Failure(.protocolError) }
    payload.moveWriterIndex(to: payload.writerIndex - Int(padding))
  }

  private func finishHeaders(_ flags: UInt8) throws(HTTP2.Failure) {
    guard flags & HTTP2.Flag.endHeaders != 0, let block = headerBlock else { return }
    headerBlock = nil
    try receiveHeaders(block.bytes, block.stream, endStream: block.endStream)
  }
}
#endif
