#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import GRPCCore
import Testing

@Suite("Access to gRPC", .timeLimit(.minutes(5)))
struct AccessTests {
  private func live(_ loopback: Loopback, _ metadata: Metadata) async -> RPCError.Code? {
    await Loopback.code {
      let _: Inference_ServerLiveResponse = try await loopback.call(
        "ServerLive", Inference_ServerLiveRequest(), metadata: metadata)
    }
  }

  private func infer(_ loopback: Loopback, _ metadata: Metadata) async -> RPCError.Code? {
    await Loopback.code {
      _ = try await loopback.infer(.raw("echo", [("a", [1])]), metadata: metadata)
    }
  }

  @Test("Restricted groups need their header")
  func restriction() async throws {
    try await Loopback.run({ try $0.access.restrict("inference,model-repository:Key=secret") }) {
      loopback in
      #expect(await live(loopback, [:]) == nil)
      #expect(await infer(loopback, [:]) == .unavailable)
      #expect(await infer(loopback, ["triton-grpc-protocol-key": "wrong"]) == .unavailable)
      #expect(await infer(loopback, ["triton-grpc-protocol-key": "secret"]) == nil)
      let stream = await Loopback.code { _ = try await loopback.stream([]) }
      #expect(stream == .unavailable)
    }
  }

  @Test("Tokens come as either header")
  func tokens() async throws {
    try await Loopback.run({ $0.access.tokens[.inference] = ["one", "two"] }) { loopback in
      #expect(await live(loopback, [:]) == nil)
      #expect(await infer(loopback, [:]) == .unauthenticated)
      #expect(await infer(loopback, ["authorization": "Bearer three"]) == .unauthenticated)
      #expect(await infer(loopback, ["authorization": "bearer two"]) == nil)
      #expect(await infer(loopback, ["x-api-key": "one"]) == nil)
    }
  }
}
#endif
