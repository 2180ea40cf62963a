#if Server
internal import NIOCore

/// Recognises the head that the last call of a connection had. Clients mostly send the same head again and
/// again, byte for byte; then neither the parser nor the application has to look at it.
///
/// It acts between messages only, and knows where they are by counting: of what the parser reads it learns
/// those messages whose head it has found in the bytes itself, whose body has a length, and with which the
/// bytes ended. After anything else the parser reads all that follows.
final class RepeatedHeads: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// A message that the parser is in.
  private struct Message {
    var head: [UInt8]
    /// Bytes that the parser was given of it.
    var count: Int
    /// What the parser had told before it.
    var told: HTTPConnection.Told
  }

  private enum Position {
    case betweenMessages
    case inside(Message)
    case unknown
  }

  private let connection: HTTPConnection
  private var position = Position.betweenMessages
  private var known: (bytes: [UInt8], head: HTTPConnection.Head)?
  /// Bytes to come of the body of a call whose head was recognised.
  private var bodyLeft = 0

  /// Longer ones are not remembered.
  private static let longestHead = 8 << 10

  init(_ connection: HTTPConnection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    while bytes.readableBytes > 0 {
      connection.bytesArrived()
      if bodyLeft > 0, let part = bytes.readSlice(length: min(bodyLeft, bytes.readableBytes)) {
        bodyLeft -= part.readableBytes
        connection.collect(part)
        if bodyLeft == 0 { connection.endOfCall() }
        continue
      }
      guard case .betweenMessages = position, let known, connection.isBetweenCalls,
        bytes.begins(with: known.bytes)
      else { return parse(bytes, context) }
      bytes.moveReaderIndex(forwardBy: known.bytes.count)
      bodyLeft = known.head.bodyLength ?? 0
      connection.begin(known.head)
      if bodyLeft == 0 { connection.endOfCall() }
    }
  }

  private func parse(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    switch position {
    case .betweenMessages:
      if let length = bytes.lengthOfHead, length <= Self.longestHead,
        let head = bytes.getBytes(at: bytes.readerIndex, length: length)
      {
        position = .inside(
          Message(head: head, count: bytes.readableBytes, told: connection.told))
      } else {
        position = .unknown
      }
    case .inside(var message):
      message.count += bytes.readableBytes
      position = .inside(message)
    case .unknown: break
    }
    context.fireChannelRead(wrapInboundOut(bytes))
    if case .inside(let message) = position { position = learn(message) }
  }

  /// Where the parser is after it has read all that was there.
  private func learn(_ message: Message) -> Position {
    let told = connection.told
    guard told.heads == message.told.heads + 1, let head = connection.lastHead,
      let length = head.bodyLength
    else { return .unknown }
    let end = message.head.count + length
    if told.ends == message.told.ends { return message.count < end ? .inside(message) : .unknown }
    guard told.ends == message.told.ends + 1, message.count == end else { return .unknown }
    known = (message.head, head)
    return .betweenMessages
  }
}
#endif
