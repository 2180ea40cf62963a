#if Server
internal import ApusServing
internal import NIOCore

/// Events of `text/event-stream`, each with a JSON text as its data.
enum ServerSentEvent {
  static let contentType: StaticString = "text/event-stream; charset=utf-8"

  /// An event with the text that `write` writes; with the error where it throws one.
  static func data(
    _ write: (inout JSONWriter) throws(ServingError) -> Void
  ) -> ByteBuffer {
    do throws(ServingError) {
      var writer = JSONWriter()
      try write(&writer)
      return framed(writer.bytes)
    } catch {
      return Self.error(error)
    }
  }

  static func error(_ error: ServingError) -> ByteBuffer {
    framed(Array(HTTPAnswer.error(.badRequest, error.message).body.readableBytesView))
  }

  /// JSON texts of the writer have no line breaks, so one line of data holds them.
  private static func framed(_ text: [UInt8]) -> ByteBuffer {
    var event = ByteBufferAllocator().buffer(capacity: text.count + 8)
    event.writeStaticString("data: ")
    event.writeBytes(text)
    event.writeStaticString("\n\n")
    return event
  }
}
#endif
