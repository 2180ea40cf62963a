#if Server
/// The files of the console. They hold no data; what the page shows it asks of the protocol, under the
/// protocol's rules of access.
enum ConsolePage {
  static let index = file(Asset.index, "text/html; charset=utf-8")
  static let style = file(Asset.style, "text/css; charset=utf-8")
  static let script = file(Asset.script, "text/javascript; charset=utf-8")

  private static func file(_ body: [UInt8], _ type: StaticString) -> HTTPAnswer {
    var answer = HTTPAnswer(contentType: type, body: body)
    answer.headers = [
      ("Cache-Control", "no-cache"),
      (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' "
          + "blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
      ),
      ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
    ]
    return answer
  }
}
#endif
