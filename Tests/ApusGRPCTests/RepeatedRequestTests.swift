#if Server
import ApusServing
import ApusServingSchema
import Foundation
import GRPCCore
import NIOCore
import SwiftProtobuf
import Testing

@testable import ApusGRPC

/// Requests whose messages begin as those before them.
@Suite("Requests that look like the last", .timeLimit(.minutes(5)))
struct RepeatedRequestTests {
  @Test("Each gets its own values, in whatever order models and shapes come")
  func values() async throws {
    try await Loopback.run { loopback in
      for round in 0..<40 {
        let value = Float(round)
        for count in [1, 1, 2, 7] {
          let values = (0..<count).map { value + Float($0) }
          let response = try await loopback.infer(
            .raw("echo", [("a", values), ("b", [value])]))
          #expect(response.outputs.map(\.shape) == [[Int64(count)], [1]])
          #expect(response.rawOutputContents.map(\.floats) == [values, [value]])
        }
      }
    }
  }

  @Test("What is wrong behind a known beginning is found")
  func mistakes() async throws {
    try await Loopback.run { loopback in
      let good = Inference_ModelInferRequest.raw("echo", [("a", [1, 2])])
      for _ in 0..<3 { _ = try await loopback.infer(good) }
      var missing = good
      missing.rawInputContents = []
      var short = good
      short.rawInputContents = [Data(count: 4)]
      var many = good
      many.rawInputContents.append(Data(count: 8))
      for request in [missing, short, many] {
        await #expect(throws: RPCError.self) { try await loopback.infer(request) }
        #expect(try await loopback.infer(good).rawOutputContents.first?.floats == [1, 2])
      }
    }
  }

  @Test("Requests that name other things are not taken for each other")
  func names() async throws {
    try await Loopback.run { loopback in
      for round in 0..<20 {
        let id = round % 3 == 0 ? "" : "id \(round % 3)"
        let response = try await loopback.infer(.raw("echo", id: id, [("a", [Float(round)])]))
        #expect(response.id == id)
        #expect(response.rawOutputContents.first?.floats == [Float(round)])
      }
    }
  }

  @Test("The length of what precedes the raw contents, where nothing stands between them")
  func prefixes() throws {
    let request = Inference_ModelInferRequest.raw("echo", [("a", [1, 2]), ("b", [])])
    var bytes = Array(try request.serializedData())
    var plain = request
    plain.rawInputContents = []
    let length = try plain.serializedData().count
    #expect(
      try InferMessage(MessageOwner(ByteBuffer(bytes: bytes)).storage, arrival: 0).prefixLength
        == length)
    // A model's name behind them.
    bytes += [0x0A, 1, 0x78]
    let other = try InferMessage(MessageOwner(ByteBuffer(bytes: bytes)).storage, arrival: 0)
    #expect(other.prefixLength == nil)
    #expect(other.model == "x")
  }
}
#endif
