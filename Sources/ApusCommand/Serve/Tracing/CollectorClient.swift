#if Server
internal import Apus
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Posts spans to a collector over HTTP/1.1, a connection each time.
enum CollectorClient {
  /// Throws where the URL is not of the form `http://HOST[:PORT][/PATH]`, or the collector does not take
  /// the text within ten seconds.
  static func post(_ text: String, to url: String) async throws {
    let (host, port, path) = try parts(of: url)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let answer = loop.makePromise(of: HTTPResponseStatus.self)
    let timeout = loop.scheduleTask(in: .seconds(10)) {
      answer.fail(ApusError(.invalidInput, "no answer within 10 s"))
    }
    defer { timeout.cancel() }
    let channel: any Channel
    do {
      channel = try await ClientBootstrap(group: loop).connectTimeout(.seconds(5))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(StatusReader(answer))
          }
        }.connect(host: host, port: port).get()
    } catch {
      answer.fail(error)
      _ = try? await answer.futureResult.get()
      throw error
    }
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
    head.headers = [
      "Host": "\(host):\(port)", "Content-Type": "application/json",
      "Content-Length": "\(text.utf8.count)", "Connection": "close",
    ]
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.write(
      HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    defer { channel.close(promise: nil) }
    let status = try await answer.futureResult.get()
    guard (200..<300).contains(status.code) else {
      throw ApusError(.invalidInput, "the collector answered \(status.code)")
    }
  }

  private static func parts(
    of url: String
  ) throws(ApusError) -> (host: String, port: Int, path: String) {
    let prefix = "http://"
    guard url.hasPrefix(prefix) else {
      throw ApusError(.invalidInput, "'\(url)' is no http:// address")
    }
    let rest = url.dropFirst(prefix.count)
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash].split(separator: ":", maxSplits: 1)
    let port = authority.count == 2 ? Int(authority[1]) : 4318
    guard let host = authority.first, let port, (1...65_535).contains(port) else {
      throw ApusError(.invalidInput, "'\(url)' names no host and port")
    }
    return (String(host), port, slash == rest.endIndex ? "/v1/traces" : String(rest[slash...]))
  }
}

/// Reads the status of an answer and ignores its body.
private final class StatusReader: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let answer: EventLoopPromise<HTTPResponseStatus>

  init(_ answer: EventLoopPromise<HTTPResponseStatus>) { self.answer = answer }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let head) = unwrapInboundIn(data) { answer.succeed(head.status) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(ChannelError.eof)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }
}
#endif
