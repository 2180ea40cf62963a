#if Server
import ApusGRPC
import ApusServing
import ApusServingSchema
import GRPCCore
import Testing

@Suite("Access to gRPC")
struct AccessTests {
  private func code(_ body: () async throws -> Void) async -> RPCError.Code? {
    do {
      try await body()
      return nil
    } catch { return (error as? RPCError)?.code ?? .unknown }
  }

  private func live(_ loopback: Loopback, _ metadata: Metadata) async -> RPCError.Code? {
    await code {
      let _: Inference_ServerLiveResponse = try await loopback.call(
        "ServerLive", Inference_ServerLiveRequest(), metadata: metadata)
    }
  }

  private func infer(_ loopback: Loopback, _ metadata: Metadata) async -> RPCError.Code? {
    await code { _ = try await loopback.infer(.raw("echo", [("a", [1])]), metadata: metadata) }
  }

  @Test("Restricted groups need their header")
  func restriction() async throws {
    try await Loopback.run({ try $0.access.restrict("inference,model-repository:Key=secret") }) {
      loopback in
      #expect(await live(loopback, [:]) == nil)
      #expect(await infer(loopback, [:]) == .unavailable)
      #expect(await infer(loopback, ["triton-grpc-protocol-key": "wrong"]) == .unavailable)
      #expect(await infer(loopback, ["triton-grpc-protocol-key": "secret"]) == nil)
      let stream = await code { _ = try await loopback.stream([]) }
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

  @Test(
    "Rules that are none are refused",
    arguments: ["inference", "inference:key", "inference:=v", "all:k=v", "health,health:k=v"])
  func wrongRules(rule: String) {
    var access = AccessPolicy.grpc
    #expect(throws: ServingError.self) { try access.restrict(rule) }
  }
}
#endif
