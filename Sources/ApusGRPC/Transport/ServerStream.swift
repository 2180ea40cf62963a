#if Server
internal import NIOCore
internal import NIOHTTP2

/// What a connection knows of a call.
final class ServerStream {
  let id: HTTP2StreamID
  let call: Call
  let receiver: any CallReceiver
  let requestCoding: MessageCoding
  /// Of answers; identity for none.
  let responseCoding: MessageCoding
  var deframer = MessageDeframer()
  /// Bytes that the client may send again when the call goes on.
  var unacknowledged = 0
  var isPaused = false
  var clientHasEnded = false
  var endIsTold = false
  var headersAreSent = false
  var timeout: Scheduled<Void>?

  init(
    id: HTTP2StreamID, call: Call, receiver: any CallReceiver, requestCoding: MessageCoding,
    responseCoding: MessageCoding
  ) {
    self.id = id
    self.call = call
    self.receiver = receiver
    self.requestCoding = requestCoding
    self.responseCoding = responseCoding
  }
}
#endif
