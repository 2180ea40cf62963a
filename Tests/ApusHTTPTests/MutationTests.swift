#if Server
import ApusServing
import ApusTensor
import NIOHTTP1
import Testing

@testable import ApusHTTP

/// Damages bodies by chance, from fixed seeds: whatever comes of them is an answer.
@Suite struct MutationTests {
  private static let texts: [[UInt8]] = [
    #"{"id":"é\ud83d\ude00","inputs":[{"name":"X","shape":[2,2],"datatype":"FP32","data":[[1.5e3,-2],[0,NaN]]}]}"#,
    #"{"inputs":[{"data":["a\n","b"],"name":"X","shape":[2],"datatype":"BYTES"}],"outputs":[{"name":"X"}]}"#,
    #"{"parameters":{"sequence_id":5,"priority":1,"x":null},"inputs":[{"name":"X","shape":[1],"datatype":"INT64","data":[-9223372036854775808]}]}"#,
    #"{"inputs":[{"name":"X","shape":[3],"datatype":"BOOL","data":[true,false,true]}]}"#,
    #"{"IN":["a","b"],"parameters":{"a":1},"stream":true}"#,
    #"{"inputs":[{"name":"X","shape":[1],"datatype":"BYTES","parameters":{"shared_memory_region":"r","shared_memory_byte_size":8}}]}"#,
  ].map { Array($0.utf8) }

  private static let binary: [UInt8] =
    Array(
      #"{"inputs":[{"name":"A","shape":[2],"datatype":"FP64","parameters":{"binary_data_size":16}},{"name":"B","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}}],"parameters":{"binary_data_output":true}}"#
        .utf8)

  static func mutate(_ bytes: [UInt8], _ random: inout SplitMix) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 4: bytes.removeSubrange(place...)
      case 5:
        let end = Int.random(in: place..<bytes.count, using: &random)
        bytes.insert(contentsOf: bytes[place...end], at: place)
      default:
        let tokens = [
          "{", "[", "\"", "999999999999999999999", "-", "\\u", "null", "1e999", "}", ",",
        ]
        bytes.insert(
          contentsOf: tokens[Int.random(in: 0..<tokens.count, using: &random)].utf8, at: place)
      }
    }
    return bytes
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func readerNeverTraps(_ seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    for _ in 0..<500 {
      let text = Self.texts[Int.random(in: 0..<Self.texts.count, using: &random)]
      let view = try ByteView(Self.mutate(text, &random))
      _ = try? JSONReader.parse(view)
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func callsAreAnswered(_ seed: UInt64) async throws {
    var random = SplitMix(seed: seed &+ 1000)
    let service = FakeService()
    for _ in 0..<300 {
      let text = Self.texts[Int.random(in: 0..<Self.texts.count, using: &random)]
      let body = Self.mutate(text, &random)
      for path in ["/v2/models/echo/infer", "/v2/models/text/generate", "/v2/logging"] {
        let outcome = try await call(.POST, path, body: body, service: service)
        #expect([200, 400, 404, 501].contains(outcome.status), "\(outcome.text)")
        #expect(outcome.status == 200 || outcome.error != nil)
      }
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func binaryCallsAreAnswered(_ seed: UInt64)
    async throws
  {
    var random = SplitMix(seed: seed &+ 2000)
    let service = FakeService()
    let whole =
      Self.binary + Array(repeating: 0x3F, count: 16) + [1, 0, 0, 0, 65, 2, 0, 0, 0, 66, 67]
    for _ in 0..<300 {
      let body = Self.mutate(whole, &random)
      let length = max(0, Self.binary.count + Int.random(in: -3...3, using: &random))
      var headers = [("Inference-Header-Content-Length", "\(length)")]
      if Bool.random(using: &random) { headers.append(("Accept-Encoding", "gzip")) }
      let outcome = try await call(
        .POST, "/v2/models/echo/infer", headers: headers, body: body, service: service)
      #expect([200, 400].contains(outcome.status), "\(outcome.text)")
    }
  }
}
#endif
