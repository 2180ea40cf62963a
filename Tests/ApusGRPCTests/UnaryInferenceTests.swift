#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import ApusTestSupport
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2
import SwiftProtobuf
import Synchronization
import Testing

@Suite("ModelInfer", .timeLimit(.minutes(5)))
struct UnaryInferenceTests {
  @Test("Raw contents come back as they were sent, with what names them")
  func raw() async throws {
    try await Loopback.run { loopback in
      var request = Inference_ModelInferRequest.raw(
        "echo", id: "7", [("a", [1, 2.5, -3]), ("b", [])])
      request.modelVersion = "1"
      request.parameters["note"] = .with { $0.stringParam = "x" }
      let response = try await loopback.infer(request)
      #expect(response.modelName == "echo")
      #expect(response.modelVersion == "1")
      #expect(response.id == "7")
      #expect(response.parameters["note"]?.stringParam == "x")
      #expect(response.outputs.map(\.name) == ["out_a", "out_b"])
      #expect(response.outputs.map(\.datatype) == ["FP32", "FP32"])
      #expect(response.outputs.map(\.shape) == [[3], [0]])
      #expect(response.rawOutputContents.map(\.floats) == [[1, 2.5, -3], []])
    }
  }

  @Test("Typed contents of all types")
  func typed() async throws {
    try await Loopback.run { loopback in
      var request = Inference_ModelInferRequest()
      request.modelName = "echo"
      func add(
        _ type: String, _ set: (inout Inference_InferTensorContents) -> Void
      ) {
        var input = Inference_ModelInferRequest.InferInputTensor()
        input.name = type
        input.datatype = type
        input.shape = [2]
        set(&input.contents)
        request.inputs.append(input)
      }
      add("BOOL") { $0.boolContents = [true, false] }
      add("INT8") { $0.intContents = [-128, 127] }
      add("INT16") { $0.intContents = [-300, 300] }
      add("INT32") { $0.intContents = [.min, .max] }
      add("INT64") { $0.int64Contents = [.min, .max] }
      add("UINT8") { $0.uintContents = [0, 255] }
      add("UINT16") { $0.uintContents = [1, 65535] }
      add("UINT32") { $0.uintContents = [1, .max] }
      add("UINT64") { $0.uint64Contents = [1, .max] }
      add("FP32") { $0.fp32Contents = [1.5, -0.0] }
      add("FP64") { $0.fp64Contents = [1.5, .infinity] }
      add("BYTES") { $0.bytesContents = [Data([0, 1]), Data()] }
      let response = try await loopback.infer(request)
      #expect(
        response.rawOutputContents.map { [UInt8]($0) } == [
          [1, 0], [128, 127], [0xD4, 0xFE, 0x2C, 1],
          [0, 0, 0, 128, 255, 255, 255, 127],
          [0, 0, 0, 0, 0, 0, 0, 128] + [UInt8](repeating: 255, count: 7) + [127],
          [0, 255], [1, 0, 255, 255], [1, 0, 0, 0, 255, 255, 255, 255],
          [1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 255, count: 8),
          [0, 0, 0xC0, 0x3F, 0, 0, 0, 128],
          [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0xF0, 0x7F],
          [2, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        ])
    }
  }

  @Test("What is wrong with a request is told with Triton's codes and words")
  func refusals() async throws {
    try await Loopback.run { loopback in
      func expect(
        _ code: RPCError.Code, _ message: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout Inference_ModelInferRequest) -> Void
      ) async {
        var request = Inference_ModelInferRequest.raw("echo", [("a", [1, 2])])
        change(&request)
        let changed = request
        let error = await #expect(throws: RPCError.self, sourceLocation: sourceLocation) {
          try await loopback.infer(changed)
        }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(
          error?.message.contains(message) == true, "\(error?.message ?? "")",
          sourceLocation: sourceLocation)
      }
      await expect(.notFound, "unknown model") { $0.modelName = "no" }
      await expect(.invalidArgument, "version should be an integral value > 0") {
        $0.modelVersion = "x"
      }
      await expect(.unavailable, "the model broke") { $0.modelName = "broken" }
      await expect(.unimplemented, "decoupled") { $0.modelName = "many" }
      await expect(.invalidArgument, "contents field must not be specified when using raw") {
        $0.inputs[0].contents.fp32Contents = [1, 2]
      }
      await expect(.invalidArgument, "of type 'INT32', expected datatype 'FP32'") {
        $0.rawInputContents = []
        $0.inputs[0].contents.intContents = [1, 2]
      }
      await expect(.invalidArgument, "300 of input tensor 'a'") {
        $0.rawInputContents = []
        $0.inputs[0].datatype = "UINT8"
        $0.inputs[0].contents.uintContents = [1, 300]
      }
      await expect(.invalidArgument, "unable to find data for input tensor 'a'") {
        $0.rawInputContents = []
      }
      await expect(.invalidArgument, "raw_input_contents has 2 entries") {
        $0.rawInputContents.append(Data())
      }
      await expect(.invalidArgument, "Expected 12, got 8") { $0.inputs[0].shape = [3] }
      await expect(.invalidArgument, "shape") { $0.inputs[0].shape = [-2] }
      await expect(.invalidArgument, "shape") {
        $0.inputs[0].shape = [.max, .max]
      }
      await expect(.invalidArgument, "invalid datatype 'FLOAT'") {
        $0.inputs[0].datatype = "FLOAT"
      }
      await expect(.invalidArgument, "are reserved for Triton usage") {
        $0.parameters["triton_x"] = .with { $0.boolParam = true }
      }
      await expect(.invalidArgument, "'sequence_start' parameter, expected bool_param.") {
        $0.parameters["sequence_start"] = .with { $0.int64Param = 1 }
      }
      await expect(.invalidArgument, "invalid value for 'priority'") {
        $0.parameters["priority"] = .with { $0.int64Param = -1 }
      }
      await expect(.invalidArgument, "invalid value type for 'p' parameter") {
        $0.parameters["p"] = Inference_InferParameter()
      }
      await expect(.notFound, "Unable to find shared memory region: 'r'") {
        $0.rawInputContents = []
        $0.inputs[0].parameters["shared_memory_region"] = .with { $0.stringParam = "r" }
        $0.inputs[0].parameters["shared_memory_byte_size"] = .with { $0.int64Param = 8 }
      }
      await expect(.invalidArgument, "'shared_memory_byte_size' must be specified along") {
        $0.inputs[0].parameters["shared_memory_region"] = .with { $0.stringParam = "r" }
      }
      await expect(.invalidArgument, "'classification' parameter, expected int64_param") {
        $0.outputs = [
          .with {
            $0.name = "out_a"
            $0.parameters["classification"] = .with { $0.stringParam = "1" }
          }
        ]
      }
    }
  }

  @Test("Parameters of the protocol reach the request, as either kind of integer")
  func parameters() async throws {
    try await Loopback.run({ $0.forwardsHeader = { $0.hasPrefix("x-") } }) { loopback in
      var request = Inference_ModelInferRequest.raw("echo", [("a", [1])])
      request.parameters["sequence_id"] = .with { $0.int64Param = -1 }
      request.parameters["sequence_start"] = .with { $0.boolParam = true }
      request.parameters["priority"] = .with { $0.uint64Param = 3 }
      request.parameters["timeout"] = .with { $0.int64Param = 12 }
      request.parameters["own"] = .with { $0.doubleParam = 0.5 }
      request.outputs = [
        .with {
          $0.name = "out_a"
          $0.parameters["classification"] = .with { $0.int64Param = 2 }
        }
      ]
      let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      _ = try await loopback.infer(
        request, metadata: ["x-user": "me", "y": "no", "traceparent": "\(trace)"])
      let seen = try #require(loopback.service.state.withLock { $0.requests.first })
      #expect(seen.sequence == SequencePosition(.number(.max), isStart: true))
      #expect(seen.priority == 3)
      #expect(seen.timeout == 12)
      #expect(seen.parameters == ["own": .double(0.5), "x-user": .text("me")])
      #expect(seen.outputs.first?.classification == 2)
      #expect(seen.traceParent == trace)
      #expect(!seen.acceptsManyResponses)
      request.parameters["sequence_id"] = .with { $0.stringParam = "s" }
      _ = try await loopback.infer(request)
      let last = try #require(loopback.service.state.withLock { $0.requests.last })
      #expect(last.sequence?.id == .text("s"))
    }
  }

  @Test("A client that gives up cancels its request")
  func cancellation() async throws {
    try await Loopback.run { loopback in
      let call = Task { try await loopback.infer(.raw("slow", [("a", [1])])) }
      try await loopback.service.waitForHeld(1)
      call.cancel()
      _ = await call.result
      let handle = try #require(loopback.service.state.withLock { $0.handles.first })
      try await eventually { handle.isCancelled }
      var options = CallOptions.defaults
      options.timeout = .milliseconds(50)
      await #expect(throws: RPCError.self) {
        try await loopback.infer(.raw("slow", [("a", [1])]), options: options)
      }
      let late = try #require(loopback.service.state.withLock { $0.handles.last })
      try await eventually { late.isCancelled }
      loopback.service.release()
    }
  }

  @Test(
    "Large messages, compressed and not", arguments: [CompressionAlgorithm.none, .gzip, .deflate])
  func large(compression: CompressionAlgorithm) async throws {
    try await Loopback.run(client: { config in
      config.compression = HTTP2ClientTransport.Config.Compression(
        algorithm: compression, enabledAlgorithms: [.none, .gzip, .deflate])
    }) { loopback in
      let values = (0..<3_000_000).map { Float($0 % 1000) }
      var options = CallOptions.defaults
      options.maxResponseMessageBytes = 64 << 20
      options.maxRequestMessageBytes = 64 << 20
      let response = try await loopback.infer(.raw("echo", [("a", values)]), options: options)
      #expect(response.rawOutputContents.first?.floats == values)
    }
  }
}
#endif
