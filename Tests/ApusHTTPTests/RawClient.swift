#if Server
import ApusTransport
import NIOCore
import NIOPosix
import Synchronization

@testable import ApusHTTP

/// A connection that sends and receives bytes as they are.
final class RawClient: Sendable {
  private let channel: any Channel
  private let received: SharedState<Received>

  struct Received: Sendable {
    var bytes: [UInt8] = []
    var isClosed = false
  }

  private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let received: SharedState<Received>

    init(_ received: SharedState<Received>) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = Array(unwrapInboundIn(data).readableBytesView)
      received.withLock { $0.bytes += bytes }
    }

    func channelInactive(context: ChannelHandlerContext) {
      received.withLock { $0.isClosed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  init(port: Int) async throws {
    let received = SharedState(Received())
    self.received = received
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(received))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  /// Stops to read, or goes on.
  func setReading(_ reads: Bool) async throws {
    try await channel.setOption(.autoRead, value: reads).get()
  }

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  func close() async throws { try await channel.close() }

  var isClosed: Bool { received.withLock { $0.isClosed } }

  /// Everything that has come once it satisfies `condition`, the server has closed, or minutes are over.
  func receive(until condition: (String) -> Bool) async throws -> String {
    var seen = -1
    for _ in 0..<50_000 {
      let (count, isClosed) = received.withLock { ($0.bytes.count, $0.isClosed) }
      if count != seen || isClosed {
        seen = count
        let text = String(decoding: received.withLock { $0.bytes }, as: UTF8.self)
        if condition(text) || isClosed { return text }
      }
      try await Task.sleep(for: .milliseconds(2))
    }
    return "nothing came: " + String(decoding: received.withLock { $0.bytes }, as: UTF8.self)
  }

  /// Everything that has come once the server has closed.
  func receiveAll() async throws -> String {
    for _ in 0..<50_000 where !isClosed { try await Task.sleep(for: .milliseconds(2)) }
    return String(decoding: received.withLock { $0.bytes }, as: UTF8.self)
  }
}

/// Runs a server while `body` does, on free ports.
func withServer(
  _ service: FakeService = FakeService(), _ change: (inout HTTPConfiguration) -> Void = { _ in },
  _ body: (HTTPServer, HTTPServer.Ports) async throws -> Void
) async throws {
  var configuration = HTTPConfiguration()
  configuration.api = Endpoint(address: "127.0.0.1", port: 0)
  configuration.metrics = Endpoint(address: "127.0.0.1", port: 0)
  configuration.threads = 1
  // Tests that compute may hold the threads of a test that sends.
  configuration.timeouts.head = .minutes(10)
  configuration.timeouts.body = .minutes(10)
  change(&configuration)
  let (ports, found) = AsyncStream.makeStream(of: HTTPServer.Ports.self)
  let server = HTTPServer(configuration: configuration, service: service) { found.yield($0) }
  let task = Task {
    defer { found.finish() }
    try await server.run()
  }
  var iterator = ports.makeAsyncIterator()
  guard let bound = await iterator.next() else { return try await task.value }
  do {
    try await body(server, bound)
  } catch {
    task.cancel()
    throw error
  }
  task.cancel()
  try await task.value
}
#endif
