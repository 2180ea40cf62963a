#if Server
@testable import ApusGRPC
import ApusServing
import ApusServingSchema
import ApusTensor
import NIOCore
import SwiftProtobuf
import Testing

@Suite("Messages on the wire", .timeLimit(.minutes(5)))
struct WireTests {
  private static var request: Inference_ModelInferRequest {
    var request = Inference_ModelInferRequest.raw("model", id: "id", [("a", [1, 2]), ("b", [])])
    request.modelVersion = "3"
    request.parameters["i"] = .with { $0.int64Param = -5 }
    request.parameters["u"] = .with { $0.uint64Param = .max }
    request.parameters["d"] = .with { $0.doubleParam = 1.5 }
    request.parameters["s"] = .with { $0.stringParam = "ä" }
    request.parameters["b"] = .with { $0.boolParam = true }
    request.parameters["none"] = Inference_InferParameter()
    request.inputs[0].shape = [-1, 1 << 40, 0]
    request.inputs[1].contents.fp32Contents = [1, 2, 3]
    request.outputs = [
      .with {
        $0.name = "y"
        $0.parameters["classification"] = .with { $0.int64Param = 3 }
      }
    ]
    return request
  }

  private static func message(_ bytes: [UInt8]) throws -> InferMessage {
    try InferMessage(MessageOwner(ByteBuffer(bytes: bytes)).storage, arrival: 0)
  }

  @Test("All fields of a request")
  func fields() throws {
    let message = try Self.message(Self.request.serializedBytes())
    #expect(message.model == "model")
    #expect(message.version == "3")
    #expect(message.id == "id")
    #expect(message.inputs.map(\.name) == ["a", "b"])
    #expect(message.inputs.map(\.datatype) == ["FP32", "FP32"])
    #expect(message.inputs[0].shape == [-1, 1 << 40, 0])
    #expect(message.inputs[0].contents == nil)
    #expect(message.inputs[1].contents != nil)
    #expect(message.raw.map(\.count) == [8, 0])
    #expect(message.outputs.map(\.name) == ["y"])
    #expect(message.outputs[0].parameters["classification"] == .some(.integer(3)))
    #expect(message.parameters["i"] == .some(.integer(-5)))
    #expect(message.parameters["u"] == .some(.unsigned(.max)))
    #expect(message.parameters["d"] == .some(.double(1.5)))
    #expect(message.parameters["s"] == .some(.text("ä")))
    #expect(message.parameters["b"] == .some(.bool(true)))
    #expect(message.parameters["none"] == .some(nil))
    #expect(message.parameters["x"] == nil)
  }

  private static let decoding = RequestDecoding(sharedMemory: SharedMemoryRegistry(isAllowed: true))

  /// Whether the bytes are a message, whatever its request is.
  private static func isRead(_ bytes: [UInt8]) -> Bool {
    guard let message = try? message(bytes) else { return false }
    _ = try? decoding.decode(message)
    return true
  }

  @Test("Messages that are cut are refused or read, and never trap")
  func cuts() throws {
    let bytes: [UInt8] = try Self.request.serializedBytes()
    let read = (0...bytes.count).count { Self.isRead(Array(bytes[..<$0])) }
    // Between two fields a cut leaves a message.
    #expect(read > 3 && read < bytes.count / 2)
  }

  @Test("Messages that are changed are refused or read, and never trap", arguments: 0..<8)
  func mutations(seed: Int) throws {
    let bytes: [UInt8] = try Self.request.serializedBytes()
    var generator = SplitMix(seed: UInt64(seed))
    var read = 0
    for _ in 0..<2_500 {
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: mutated[position] = UInt8.random(in: 0...255, using: &generator)
        case 1: mutated.insert(UInt8.random(in: 0...255, using: &generator), at: position)
        default: if mutated.count > 1 { mutated.remove(at: position) }
        }
      }
      if Self.isRead(mutated) { read += 1 }
    }
    #expect(read > 0 && read < 2_500)
  }

  @Test("Answers are read by the generated code")
  func answers() throws {
    let tensor = try #require(
      ServedTensor(HostTensor(zeros: .int64, shape: [3, 1])))
    let response = InferenceResponse(
      model: "m", version: 12, id: "i",
      parameters: ["u": .unsigned(7), "t": .text("")],
      outputs: [
        InferenceResponse.Output("x", tensor),
        InferenceResponse.Output(
          "y", tensor,
          destination: SharedMemoryRange(region: "r", offset: 0, byteCount: 24)),
      ])
    let bytes = Array(ResponseEncoding(response).framed().bytes.readableBytesView.dropFirst(5))
    let read = try Inference_ModelInferResponse(serializedBytes: bytes)
    #expect(read.modelName == "m")
    #expect(read.modelVersion == "12")
    #expect(read.outputs.map(\.shape) == [[3, 1], [3, 1]])
    #expect(read.outputs.map(\.datatype) == ["INT64", "INT64"])
    #expect(read.rawOutputContents.map(\.count) == [24, 0])
    #expect(read.parameters["u"]?.uint64Param == 7)
    #expect(read.parameters["t"]?.parameterChoice == .stringParam(""))
    var wrapped = ResponseEncoding(response, isFinal: false)
    wrapped.wrap(field: 2)
    let inner = try Inference_ModelStreamInferResponse(
      serializedBytes: Array(wrapped.framed().bytes.readableBytesView.dropFirst(5)))
    #expect(inner.inferResponse.outputs == read.outputs)
    #expect(inner.inferResponse.parameters["triton_final_response"]?.boolParam == false)
  }
}
#endif
