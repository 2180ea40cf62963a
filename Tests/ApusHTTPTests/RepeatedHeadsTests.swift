#if Server
import ApusServing
import ApusTestSupport
import NIOCore
import NIOHTTP1
import Testing

@testable import ApusHTTP

/// Calls whose heads are those of the calls before them.
@Suite(.timeLimit(.minutes(5))) struct RepeatedHeadsTests {
  private func count(_ text: String, _ part: String) -> Int { text.ranges(of: part).count }

  /// A binary call with the values of one input behind its text.
  private func binary(_ values: [Int32], headers: String = "") -> [UInt8] {
    let text =
      #"{"inputs":[{"name":"X","shape":[\#(values.count)],"datatype":"INT32","parameters":"#
      + #"{"binary_data_size":\#(values.count * 4)}}],"parameters":{"binary_data_output":true}}"#
    let head =
      "POST /v2/models/echo/infer HTTP/1.1\r\n\(headers)"
      + "Inference-Header-Content-Length: \(text.utf8.count)\r\n"
      + "Content-Length: \(text.utf8.count + values.count * 4)\r\n\r\n"
    return Array((head + text).utf8) + bytes(values)
  }

  @Test func eachCallGetsItsOwnValues() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      // In one piece, cut anywhere, and several at once: the answers must be those of the values.
      var number: Int32 = 0x4141_4141
      var expected = 0
      for cut in 0..<60 {
        let call = binary([number, number &+ 1])
        try await client.send(Array(call.prefix(cut * 5)))
        try await client.send(Array(call.dropFirst(cut * 5)) + call + call)
        expected += 3
        let marker = String(decoding: bytes([number, number &+ 1]), as: UTF8.self)
        let text = try await client.receive { count($0, "HTTP/1.1 200 OK") == expected }
        #expect(count(text, marker) == 3)
        number = number &+ 0x0101
      }
      try await client.close()
    }
  }

  @Test func otherHeadsBetweenThemAreRead() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      let live = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
      let missing = "GET /v2/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
      for _ in 0..<20 {
        try await client.send(live)
        try await client.send(live + missing + live)
      }
      let text = try await client.receive { count($0, "HTTP/1.1 ") == 80 }
      #expect(count(text, "HTTP/1.1 200 OK") == 60)
      #expect(count(text, "HTTP/1.1 404 Not Found") == 20)
      try await client.send("GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(count(try await client.receiveAll(), "Connection: close") == 1)
    }
  }

  /// What two readers could end at two places is nothing to be recognised.
  @Test(
    arguments: [
      ("GET / HTTP/1.1\r\n\r\n", 18), ("GET / HTTP/1.1\r\nA: b\r\n\r\nxyz", 24),
      ("GET / HTTP/1.1\n\n", nil), ("GET / HTTP/1.1\r\nA: b\n\r\n", nil),
      ("\r\nGET / HTTP/1.1\r\n\r\n", nil), ("GET / HTTP/1.1\r\nA: b\r\n", nil), ("", nil),
    ] as [(String, Int?)])
  func headsEndWhereAnyReaderEndsThem(text: String, length: Int?) {
    #expect(ByteBuffer(string: text).lengthOfHead == length)
  }

  @Test func aBodyThatLooksLikeAHeadIsABody() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      let inner = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
      let outer =
        "POST /v2/models/echo/infer HTTP/1.1\r\nContent-Length: \(inner.utf8.count)\r\n\r\n"
      // The inner one is known when the outer one, whose body it is, comes in pieces.
      try await client.send(inner)
      _ = try await client.receive { count($0, "HTTP/1.1 200 OK") == 1 }
      for answered in 1...5 {
        try await client.send(outer)
        try await client.send(inner)
        let text = try await client.receive { count($0, "HTTP/1.1 400 Bad Request") == answered }
        #expect(count(text, "HTTP/1.1 200 OK") == 1)
      }
      try await client.close()
    }
  }

  @Test func aCallForAnotherProtocolEndsItsConnection() async throws {
    try await withServer { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.send(
        "GET /v2/health/live HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
          + "HTTP2-Settings: AAMAAABk\r\n\r\n")
      let text = try await client.receiveAll()
      #expect(text.hasPrefix("HTTP/1.1 200 OK"))
      #expect(text.contains("Connection: close"))
    }
  }

  @Test func clientsThatDoNotReadAreNotServedAhead() async throws {
    let service = FakeService()
    var begun: Int { service.record.withLock { $0.requests.count } }
    try await withServer(service) { _, ports in
      let client = try await RawClient(port: try #require(ports.api))
      try await client.setReading(false)
      let call = binary(Array(repeating: 7, count: 1 << 16))
      let sending = Task { for _ in 0..<256 { try await client.send(call) } }
      // 64 MiB are asked for; no more is begun than sockets hold.
      var before = -1
      while begun == 0 || begun != before {
        before = begun
        try await Task.sleep(for: .milliseconds(300))
      }
      #expect(begun < 128)
      try await client.setReading(true)
      try await sending.value
      try await eventually { begun == 256 }
      try await client.close()
    }
  }
}
#endif
