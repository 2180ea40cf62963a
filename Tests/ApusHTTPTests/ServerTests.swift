#if Server
import ApusServing
import ApusTransport
import ApusTestSupport
import NIOCore
import Logging
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import ApusHTTP

@Suite struct ServerTests {
  private static let json =
    #"{"inputs":[{"name":"X","shape":[1],"datatype":"INT32","data":[7]}]}"#

  private func post(
    _ path: String = "/v2/models/echo/infer", _ body: String = json, headers: String = "",
    version: String = "1.1"
  ) -> String {
    "POST \(path) HTTP/\(version)\r\nHost: x\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n"
      + body
  }

  private func count(_ text: String, _ part: String) -> Int { text.ranges(of: part).count }

  @Test func answersCallsOfOneConnection() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      for number in 1...3 {
        try await client.send(post())
        let text = try await client.receive { count($0, "\"data\":[7]}]}") == number }
        #expect(count(text, "HTTP/1.1 200 OK\r\n") == number)
        #expect(count(text, "Content-Length: ") == number)
        #expect(!text.contains("Connection:"))
      }
      #expect(!client.isClosed)
      try await client.close()
    }
  }

  @Test func answersPipelinedCallsInOrder() async throws {
    let service = FakeService()
    try await withServer(service) { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      var all = ""
      // The first waits for the test, the others for the first.
      all += post("/v2/models/never/infer")
      for number in 0..<300 {
        all += post(
          "/v2/models/echo/infer",
          #"{"id":"call \#(number)","inputs":[]}"#)
      }
      all += "GET /v2/health/live HTTP/1.1\r\nConnection: close\r\n\r\n"
      try await client.send(all)
      try await eventually { service.record.withLock { !$0.pending.isEmpty } }
      let pending = try #require(service.record.withLock { $0.pending.first })
      pending(
        .response(InferenceResponse(model: "never", version: 1, id: "first"), isFinal: true))
      let text = try await client.receiveAll()
      #expect(count(text, "HTTP/1.1 200 OK\r\n") == 302)
      let ids = text.ranges(of: "\"id\":\"call ").map { range in
        Int(text[range.upperBound...].prefix { $0.isNumber }) ?? -1
      }
      #expect(ids == Array(0..<300))
      #expect(text.contains("\"id\":\"first\""))
      #expect(
        text.hasSuffix("Content-Length: 0\r\nConnection: close\r\n\r\n")
          || text.hasSuffix("Connection: close\r\nContent-Length: 0\r\n\r\n"))
    }
  }

  @Test func readsBodiesInPieces() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      let chunked =
        "POST /v2/models/echo/infer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "5\r\n{\"inp\r\n" + String(Self.json.utf8.count - 5, radix: 16) + "\r\n"
        + Self.json.dropFirst(5) + "\r\n0\r\n\r\n"
      for byte in chunked.utf8 { try await client.send([byte]) }
      #expect(try await client.receive { $0.contains("[7]}]}") }.contains("200 OK"))
      // A client that asks before it sends.
      try await client.send(
        "POST /v2/models/echo/infer HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: "
          + "\(Self.json.utf8.count)\r\n\r\n")
      #expect(
        try await client.receive { $0.contains("100 Continue") }
          .hasSuffix("HTTP/1.1 100 Continue\r\n\r\n"))
      try await client.send(Self.json)
      #expect(count(try await client.receive { count($0, "[7]}]}") == 2 }, "200 OK") == 2)
      try await client.close()
    }
  }

  @Test func carriesLargeTensors() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      let size = 20 << 20
      let json =
        #"{"inputs":[{"name":"X","shape":[\#(size)],"datatype":"UINT8","parameters":"#
        + #"{"binary_data_size":\#(size)}}],"parameters":{"binary_data_output":true}}"#
      try await client.send(
        "POST /v2/models/echo/infer HTTP/1.1\r\nInference-Header-Content-Length: "
          + "\(json.utf8.count)\r\nConnection: close\r\nContent-Length: \(json.utf8.count + size)\r\n\r\n"
          + json)
      for _ in 0..<20 { try await client.send(Array(repeating: 65, count: 1 << 20)) }
      let text = try await client.receiveAll()
      #expect(text.utf8.count > size)
      #expect(text.hasPrefix("HTTP/1.1 200 OK"))
      #expect(text.utf8.suffix(size).allSatisfy { $0 == 65 })
    }
  }

  @Test func endsOldAndClosingConnections() async throws {
    try await withServer { _, ports in
      let old = try await RawClient(port: try #require(ports.api))
      try await old.send(post(version: "1.0"))
      #expect(try await old.receiveAll().contains("Connection: close\r\n"))
      let kept = try await RawClient(port: try #require(ports.api))
      try await kept.send(post(headers: "Connection: keep-alive\r\n", version: "1.0"))
      #expect(
        try await kept.receive { $0.contains("[7]}]}") }.contains("Connection: keep-alive\r\n"))
      #expect(!kept.isClosed)
      try await kept.close()
    }
  }

  @Test(arguments: [
    ("\u{16}\u{3}\u{1}", "400"), ("GET / HTTP/9.9\r\n\r\n", "400"), ("nonsense\r\n\r\n", "400"),
    ("GET /v2 HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400"),
    ("POST /v2/logging HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
    (
      "POST /v2/logging HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "400"
    ),
    ("POST /v2/logging HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
  ])
  func refusesWhatIsNoHTTP(_ request: String, _ status: String) async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send(request)
      let text = try await client.receiveAll()
      #expect(text.hasPrefix("HTTP/1.1 \(status)"), "\(text)")
      #expect(text.contains("{\"error\":"))
    }
  }

  @Test func boundsBodies() async throws {
    try await withServer { configuration in
      configuration.maxInputSize = 1000
      configuration.maxBodySize = 100_000
    } _: { _, ports in
      // Refused before it is sent, and the connection goes on.
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send(post("/v2/models/echo/infer", String(repeating: " ", count: 5000)))
      var text = try await client.receive { $0.contains("}") }
      #expect(text.hasPrefix("HTTP/1.1 400"))
      #expect(text.contains("--http-max-input-size"))
      try await client.send(post())
      text = try await client.receive { $0.contains("[7]}]}") }
      #expect(text.contains("200 OK"))
      try await client.close()
      let large = try await RawClient(port: try #require(ports.api))
      try await large.send(
        "POST /v2/models/echo/infer HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
      text = try await large.receiveAll()
      #expect(text.hasPrefix("HTTP/1.1 413"))
      let chunked = try await RawClient(port: try #require(ports.api))
      try await chunked.send(
        "POST /v2/models/echo/infer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"
          + String(repeating: " ", count: 4096) + "\r\n")
      #expect(try await chunked.receiveAll().hasPrefix("HTTP/1.1 400"))
    }
  }

  @Test func doesNotReadWhatNobodyWants() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send(
        "POST /nowhere HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n")
      let part = Array(repeating: UInt8(0x20), count: 1 << 20)
      for _ in 0..<20 {
        guard (try? await client.send(part)) != nil,
          (try? await client.send("\r\n100000\r\n")) != nil
        else { break }
      }
      let text = try await client.receiveAll()
      #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 404"))
      #expect(client.isClosed)
    }
  }

  @Test(arguments: [
    "", "POST /v2/models/echo/infer HTTP/1.1\r\nHost:",
    "POST /v2/models/echo/infer HTTP/1.1\r\nContent-Length: 50\r\n\r\n{",
  ])
  func givesUpSlowClients(_ start: String) async throws {
    try await withServer { configuration in
      configuration.timeouts.head = .milliseconds(200)
      configuration.timeouts.body = .milliseconds(200)
    } _: { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      // On a busy machine the time may be over before.
      try? await client.send(start)
      #expect(try await client.receiveAll().hasPrefix("HTTP/1.1 408"))
      #expect(client.isClosed)
    }
  }

  @Test func endsIdleConnections() async throws {
    try await withServer {
      $0.timeouts.idle = .milliseconds(100)
    } _: { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send("GET /v2 HTTP/1.1\r\n\r\n")
      #expect(try await client.receiveAll().hasPrefix("HTTP/1.1 200"))
      #expect(client.isClosed)
    }
  }

  private func largeCall(_ size: Int) -> String {
    let json =
      #"{"inputs":[{"name":"X","shape":[\#(size)],"datatype":"UINT8","parameters":"#
      + #"{"binary_data_size":\#(size)}}],"parameters":{"binary_data_output":true}}"#
    return
      "POST /v2/models/echo/infer HTTP/1.1\r\nInference-Header-Content-Length: \(json.utf8.count)\r\n"
      + "Connection: close\r\nContent-Length: \(json.utf8.count + size)\r\n\r\n" + json
      + String(repeating: "A", count: size)
  }

  @Test func givesUpClientsThatDoNotRead() async throws {
    try await withServer {
      $0.timeouts.answer = .milliseconds(200)
    } _: { _, ports in
      let size = 30 << 20
      let client = try await RawClient(port: try #require(ports.api))
      try await client.setReading(false)
      try await client.send(largeCall(size))
      try await Task.sleep(for: .milliseconds(1500))
      try await client.setReading(true)
      let text = try await client.receiveAll()
      #expect(client.isClosed)
      #expect(text.utf8.count < size)
    }
  }

  @Test func waitsForClientsThatReadSlowly() async throws {
    try await withServer { _, ports in
      let size = 30 << 20
      let client = try await RawClient(port: try #require(ports.api))
      try await client.setReading(false)
      try await client.send(largeCall(size))
      // Longer than an answered connection is kept for what its client still sends.
      try await Task.sleep(for: .milliseconds(2500))
      try await client.setReading(true)
      #expect(try await client.receiveAll().utf8.count > size)
    }
  }

  @Test func cancelsWhenTheClientGoes() async throws {
    let service = FakeService()
    try await withServer(service) { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send(post("/v2/models/never/infer"))
      try await eventually { service.record.withLock { !$0.handles.isEmpty } }
      let handle = try #require(service.record.withLock { $0.handles.first })
      #expect(!handle.isCancelled)
      try await client.close()
      try await eventually { handle.isCancelled }
      // An answer that comes too late goes nowhere.
      let late = try #require(service.record.withLock { $0.pending.first })
      late(.response(InferenceResponse(model: "never", version: 1, id: ""), isFinal: true))
    }
  }

  @Test func streamsInChunks() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send(post("/v2/models/count/generate_stream", #"{"IN":2}"#))
      let text = try await client.receive { $0.hasSuffix("\r\n0\r\n\r\n") }
      #expect(text.contains("Transfer-Encoding: chunked\r\n"))
      #expect(count(text, "data: {") == 2)
      try await client.send(
        post("/v2/models/count/generate_stream", #"{"IN":1}"#, headers: "Connection: close\r\n"))
      #expect(count(try await client.receiveAll(), "data: {") == 3)
      let old = try await RawClient(port: try #require(ports.api))
      try await old.send(post("/v2/models/count/generate_stream", #"{"IN":1}"#, version: "1.0"))
      let plain = try await old.receiveAll()
      #expect(!plain.contains("chunked"))
      #expect(plain.hasSuffix("}\n\n"))
    }
  }

  @Test func servesMetricsOnTheirPort() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.metrics))
      try await client.send(
        "GET /metrics HTTP/1.1\r\n\r\nGET /v2 HTTP/1.1\r\nConnection: close\r\n\r\n")
      let text = try await client.receiveAll()
      #expect(text.contains("Content-Type: text/plain; charset=utf-8\r\n"))
      #expect(text.contains("nv_inference_count{model=\"echo\",version=\"1\"} 3\n"))
      #expect(text.contains("404 Not Found"))
      let api = try await RawClient(port: try #require(ports.api))
      try await api.send("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
      #expect(try await api.receiveAll().hasPrefix("HTTP/1.1 404"))
    }
  }

  @Test func drains() async throws {
    try await withServer { server, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send("GET /v2/health/ready HTTP/1.1\r\n\r\n")
      #expect(try await client.receive { $0.contains("\r\n\r\n") }.hasPrefix("HTTP/1.1 200"))
      server.beginDraining()
      try await client.send("GET /v2/health/ready HTTP/1.1\r\n\r\n")
      let text = try await client.receiveAll()
      #expect(text.contains("HTTP/1.1 503"))
      #expect(text.contains("Server exiting"))
      #expect(text.contains("Connection: close"))
    }
  }

  @Test func finishesCallsInAGracefulShutdown() async throws {
    let service = FakeService()
    var configuration = HTTPConfiguration()
    configuration.api = Endpoint(address: "127.0.0.1", port: 0)
    configuration.metrics = nil
    let (ports, found) = AsyncStream.makeStream(of: HTTPServer.Ports.self)
    let server = HTTPServer(configuration: configuration, service: service) { found.yield($0) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [server], logger: Logger(label: "test")))
    let task = Task { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    let port = try #require(await iterator.next()?.api)
    let idle = try await RawClient(port: port)
    let busy = try await RawClient(port: port)
    try await busy.send(post("/v2/models/never/infer"))
    for _ in 0..<2000 where service.record.withLock({ $0.pending.isEmpty }) {
      try await Task.sleep(for: .milliseconds(1))
    }
    await group.triggerGracefulShutdown()
    _ = try await idle.receiveAll()
    #expect(idle.isClosed)
    #expect(!busy.isClosed)
    await #expect(throws: (any Error).self) { _ = try await RawClient(port: port) }
    let reply = try #require(service.record.withLock { $0.pending.first })
    reply(.response(InferenceResponse(model: "never", version: 1, id: "x"), isFinal: true))
    let text = try await busy.receiveAll()
    #expect(text.hasPrefix("HTTP/1.1 200"))
    #expect(text.contains("Connection: close"))
    try await task.value
  }

  @Test func tellsThatAPortIsInUse() async throws {
    try await withServer { _, ports in
      let port = try #require(ports.api)
      var configuration = HTTPConfiguration()
      configuration.api = Endpoint(address: "127.0.0.1", port: port)
      configuration.metrics = nil
      let other = HTTPServer(configuration: configuration, service: FakeService())
      let error = await #expect(throws: TransportError.self) { try await other.run() }
      #expect(
        error?.description
          == "port \(port) of 127.0.0.1 is in use by another program; choose another with --http-port"
      )
    }
  }

  @Test func sharesPortsWhereAsked() async throws {
    try await withServer {
      $0.reusesPort = true
    } _: { _, ports in
      try await withServer {
        $0.reusesPort = true
        $0.api?.port = ports.api ?? 0
      } _: { _, second in
        #expect(second.api == ports.api)
      }
    }
  }

  @Test func tellsOfBadCertificates() async throws {
    var configuration = HTTPConfiguration()
    configuration.tls = TLSFiles(certificate: "/no/such/file", key: "/none")
    let server = HTTPServer(configuration: configuration, service: FakeService())
    let error = await #expect(throws: TransportError.self) { try await server.run() }
    #expect(error?.description.hasPrefix("cannot use /no/such/file for TLS") == true)
  }
}
#endif
