#if Server
internal import ApusServing

/// Events of `text/event-stream`, each with a JSON text as its data.
enum ServerSentEvent {
  static let contentType: StaticString = "text/event-stream; charset=utf-8"

  /// An event with the text that `write` writes; with the error where it throws one.
  static func data(
    _ write: (inout JSONWriter) throws(ServingError) -> Void
  ) -> [UInt8] {
    do throws(ServingError) {
      var writer = JSONWriter()
      try write(&writer)
      return framed(writer.bytes)
    } catch {
      return Self.error(error)
    }
  }

  static func error(_ error: ServingError) -> [UInt8] {
    framed(HTTPAnswer.error(.badRequest, error.message).body.text)
  }

  /// JSON texts of the writer have no line breaks, so one line of data holds them.
  private static func framed(_ text: [UInt8]) -> [UInt8] {
    Array("data: ".utf8) + text + Array("\n\n".utf8)
  }
}
#endif
