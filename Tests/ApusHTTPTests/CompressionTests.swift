#if Server
import ApusServing
import NIOCore
import NIOHTTP1
import Testing

@testable import ApusHTTP

@Suite struct CompressionTests {
  private func compressed(_ bytes: [UInt8], _ coding: ContentCoding) throws -> [UInt8] {
    try #require(Compressor.compress(bytes, coding))
  }

  @Test(arguments: [ContentCoding.gzip, .deflate], [0, 1, 1000, 1_000_000])
  func givesBackWhatItTook(_ coding: ContentCoding, _ size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
    let body = try ByteView(try compressed(bytes, coding))
    let result = try Compressor.decompress(body, coding, limit: 1 << 24)
    var back: [UInt8] = []
    result.append(0..<result.count, to: &back)
    #expect(back == bytes)
  }

  @Test(arguments: [ContentCoding.gzip, .deflate])
  func refusesDamage(_ coding: ContentCoding) throws {
    let whole = try compressed(Array(repeating: 7, count: 5000), coding)
    var damaged = whole
    damaged[damaged.count - 3] ^= 0x55
    for bytes in [
      [], Array(whole.dropLast()), Array(whole.dropFirst()), damaged, whole + [1, 2, 3],
    ] {
      #expect(throws: ServingError.self) {
        try Compressor.decompress(ByteView(bytes), coding, limit: 1 << 20)
      }
    }
  }

  @Test func readsSeveralMembers() throws {
    let bytes = try compressed([1, 2], .gzip) + compressed([3], .gzip)
    let result = try Compressor.decompress(ByteView(bytes), .gzip, limit: 100)
    #expect((0..<result.count).map { result[$0] } == [1, 2, 3])
  }

  @Test func bounds() throws {
    let bomb = try compressed(Array(repeating: 0, count: 1 << 22), .gzip)
    #expect(bomb.count < 1 << 15)
    #expect(throws: ServingError.self) {
      try Compressor.decompress(ByteView(bomb), .gzip, limit: 1 << 20)
    }
    _ = try Compressor.decompress(ByteView(bomb), .gzip, limit: 1 << 22)
  }

  @Test(arguments: [
    ("gzip", ContentCoding.gzip), ("deflate, gzip", .deflate),
    ("gzip;q=0.2, deflate;q=0.8", .deflate),
    ("identity", .identity), ("br", .identity), ("", .identity), ("gzip;q=0", .identity),
    ("GZIP ; Q=1.0", .gzip), ("br;q=1.0, gzip;q=0.8, *;q=0.1", .gzip), ("gzip;q=x", .identity),
    (";q=1", .identity), ("identity;q=0.9, gzip;q=0.5", .identity), ("gzip;q=7", .identity),
  ])
  func choosesWhatClientsLike(_ header: String, _ expected: ContentCoding) {
    #expect(ContentCoding(acceptEncoding: header) == expected)
  }

  private static let json =
    #"{"inputs":[{"name":"X","shape":[2],"datatype":"INT32","parameters":{"binary_data_size":8}}],"#
    + #""parameters":{"binary_data_output":true}}"#

  @Test(arguments: [ContentCoding.gzip, .deflate])
  func worksOnCalls(_ coding: ContentCoding) async throws {
    let payload = bytes([Int32(5), 6])
    let outcome = try await call(
      .POST, "/v2/models/echo/infer",
      headers: [
        ("Content-Encoding", coding.rawValue), ("Accept-Encoding", coding.rawValue),
        ("Inference-Header-Content-Length", "\(Self.json.utf8.count)"),
      ], body: try compressed(Array(Self.json.utf8) + payload, coding))
    #expect(outcome.status == 200)
    #expect(outcome.headers["Content-Encoding"] == coding.rawValue)
    let body = try Compressor.decompress(ByteView(outcome.body), coding, limit: 1 << 20)
    let length = try #require(
      outcome.headers["Inference-Header-Content-Length"].flatMap { Int($0) })
    #expect((length..<body.count).map { body[$0] } == payload)
  }

  @Test func answersErrors() async throws {
    for body: [UInt8] in [[], [1, 2, 3], [0x1F, 0x8B]] {
      let outcome = try await call(
        .POST, "/v2/models/echo/infer", headers: [("Content-Encoding", "gzip")], body: body)
      #expect(outcome.status == 400)
      #expect(outcome.error != nil)
    }
    let unknown = try await call(
      .POST, "/v2/models/echo/infer", headers: [("Content-Encoding", "br")])
    #expect(unknown.status == 501)
    #expect(unknown.headers["Accept-Encoding"] == "gzip, deflate")
  }
}
#endif
