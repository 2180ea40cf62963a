#if Server
import ApusGRPC
import ApusServingSchema
import ApusTensor
import GRPCCore
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import Testing

/// What is no client of gRPC, or a bad one. After each the server serves others.
@Suite("Clients that misbehave", .timeLimit(.minutes(5)))
struct HostileClientTests {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  private static let emptySettings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]

  /// Sends bytes on a connection of their own and closes it, at once or when the server does.
  private func send(_ bytes: [UInt8], port: Int, waits: Bool) async throws {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: "127.0.0.1", port: port).get()
    try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    if waits {
      try await channel.closeFuture.get()
    } else {
      try? await channel.close().get()
    }
  }

  private func expectService(_ loopback: Loopback) async throws {
    let response = try await loopback.infer(.raw("echo", [("a", [1])]))
    #expect(response.rawOutputContents.first?.floats == [1])
  }

  @Test("Bytes of other protocols close their connection")
  func otherProtocols() async throws {
    try await Loopback.run { loopback in
      for text in [
        "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", String(repeating: "x", count: 4096),
      ] {
        try await send(
          Array((text + String(repeating: "y", count: 64)).utf8), port: loopback.port, waits: true)
      }
      try await send([], port: loopback.port, waits: false)
      try await send(Array(Self.preface.prefix(10)), port: loopback.port, waits: false)
      try await send(Self.preface + Self.emptySettings, port: loopback.port, waits: false)
      try await expectService(loopback)
    }
  }

  @Test("Random frames harm nobody else", arguments: 0..<8)
  func randomFrames(seed: Int) async throws {
    try await Loopback.run { loopback in
      var generator = SplitMix(seed: UInt64(seed))
      for _ in 0..<40 {
        var bytes = Self.preface + Self.emptySettings
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          let count = Int.random(in: 0...40, using: &generator)
          bytes += [0, 0, UInt8(count), UInt8.random(in: 0...11, using: &generator)]
          bytes += [UInt8.random(in: 0...255, using: &generator), 0, 0, 0]
          bytes += [UInt8.random(in: 0...7, using: &generator)]
          bytes += (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        try await send(bytes, port: loopback.port, waits: false)
      }
      try await expectService(loopback)
    }
  }

  @Test("A call's bytes that are no messages end the call")
  func wrongMessages() async throws {
    try await Loopback.run({ $0.maximumRequestSize = 1000 }) { loopback in
      let cases: [([UInt8], [(String, String)], String)] = [
        ([0, 255, 255, 255, 255], [], "8"), ([2, 0, 0, 0, 0], [], "13"),
        ([0, 0, 0, 0, 9, 1], [], "13"), ([1, 0, 0, 0, 1, 7], [("grpc-encoding", "gzip")], "13"),
        ([1, 0, 0, 0, 1, 7], [], "13"), ([], [], "3"), ([0, 0, 0, 0, 1, 255], [], "3"),
        ([0, 0, 0, 0, 0], [("grpc-encoding", "snappy")], "12"),
        ([0, 0, 0, 0, 0], [(":path", "/no.Such/Method")], "12"),
      ]
      for (bytes, headers, status) in cases {
        let found = try await RawCall.status(port: loopback.port, headers, bytes)
        #expect(found == status, "\(bytes) \(headers)")
      }
      let type = try await RawCall.status(port: loopback.port, [("content-type", "text/plain")], [])
      #expect(type == "HTTP 415")
      try await expectService(loopback)
    }
  }
}

/// A call written by hand.
private enum RawCall {
  /// The call's `grpc-status`, or its HTTP status where there is none.
  static func status(
    port: Int, _ special: [(String, String)], _ bytes: [UInt8]
  ) async throws -> String {
    let done = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: String.self)
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            NIOHTTP2Handler(mode: .client), RawCallHandler(done, special, bytes),
          ])
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    let status = try await done.futureResult.get()
    try? await channel.close().get()
    return status
  }
}

private final class RawCallHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private let done: EventLoopPromise<String>
  private let special: [(String, String)]
  private let bytes: [UInt8]

  init(_ done: EventLoopPromise<String>, _ special: [(String, String)], _ bytes: [UInt8]) {
    self.done = done
    self.special = special
    self.bytes = bytes
  }

  func channelActive(context: ChannelHandlerContext) {
    var fields = [
      (":method", "POST"), (":scheme", "http"), (":authority", "x"),
      (":path", "/inference.GRPCInferenceService/ModelInfer"), ("content-type", "application/grpc"),
    ]
    for (name, value) in special {
      if let index = fields.firstIndex(where: { $0.0 == name }) {
        fields[index].1 = value
      } else {
        fields.append((name, value))
      }
    }
    let headers = HTTP2Frame.FramePayload.headers(.init(headers: HPACKHeaders(fields)))
    context.write(wrapOutboundOut(HTTP2Frame(streamID: 1, payload: headers)), promise: nil)
    let data = HTTP2Frame.FramePayload.data(
      .init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: true))
    context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: 1, payload: data)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .headers(let headers) = unwrapInboundIn(data).payload else { return }
    if let status = headers.headers.first(name: "grpc-status") {
      done.succeed(status)
    } else if headers.endStream {
      done.succeed("HTTP " + (headers.headers.first(name: ":status") ?? ""))
    }
  }

  func channelInactive(context: ChannelHandlerContext) { done.succeed("closed") }
}
#endif
