#if Server
internal import NIOCore

/// What a connection knows of a call.
final class ServerStream {
  /// Bytes of a message that wait for the client's window.
  struct Outgoing {
    var bytes: ByteBuffer
    let onSent: (@Sendable () -> Void)?
  }

  let id: HTTP2.StreamID
  let call: Call
  let receiver: any CallReceiver
  let requestCoding: MessageCoding
  /// Of answers; identity for none.
  let responseCoding: MessageCoding
  var deframer = MessageDeframer()
  /// Bytes that the client may still send.
  var receiveWindow = ConnectionSettings.streamWindow
  /// Bytes that the client may send again when the call goes on.
  var unacknowledged = 0
  /// Bytes that may still be sent.
  var sendWindow: Int
  var outgoing: [Outgoing] = []
  /// The end of the answer, sent after all messages; nil as long as the call goes on.
  var end: [UInt8]?
  var isPaused = false
  var clientHasEnded = false
  var endIsTold = false
  var headersAreSent = false
  var timeout: Scheduled<Void>?

  init(
    id: HTTP2.StreamID, call: Call, receiver: any CallReceiver, requestCoding: MessageCoding,
    responseCoding: MessageCoding, sendWindow: Int
  ) {
    self.id = id
    self.call = call
    self.receiver = receiver
    self.requestCoding = requestCoding
    self.responseCoding = responseCoding
    self.sendWindow = sendWindow
  }

  var isAnswered: Bool { end != nil }
}
#endif
