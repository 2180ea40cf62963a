#if Server
import ApusGRPC
import ApusServingSchema
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf
import Synchronization
import Testing

@Suite("Health and reflection", .timeLimit(.minutes(5)))
struct HealthTests {
  private static let health = "grpc.health.v1.Health"

  @Test("Check follows the server's readiness; other services are unknown")
  func check() async throws {
    try await Loopback.run { loopback in
      var request = Grpc_Health_V1_HealthCheckRequest()
      let up: Grpc_Health_V1_HealthCheckResponse = try await loopback.call(
        "Check", request, service: Self.health)
      #expect(up.status == .serving)
      loopback.service.state.withLock { $0.isReady = false }
      request.service = "inference.GRPCInferenceService"
      let down: Grpc_Health_V1_HealthCheckResponse = try await loopback.call(
        "Check", request, service: Self.health)
      #expect(down.status == .notServing)
      request.service = "other"
      do {
        let _: Grpc_Health_V1_HealthCheckResponse = try await loopback.call(
          "Check", request, service: Self.health)
        Issue.record("no error")
      } catch { #expect((error as? RPCError)?.code == .notFound) }
    }
  }

  @Test("Watch tells each change, and ends with the server")
  func watch() async throws {
    try await Loopback.run { loopback in
      let seen = try await loopback.client.serverStreaming(
        request: ClientRequest(message: Grpc_Health_V1_HealthCheckRequest()),
        descriptor: MethodDescriptor(fullyQualifiedService: Self.health, method: "Watch"),
        serializer: ProtobufSerializer<Grpc_Health_V1_HealthCheckRequest>(),
        deserializer: ProtobufDeserializer<Grpc_Health_V1_HealthCheckResponse>(),
        options: .defaults
      ) { response in
        var states: [Grpc_Health_V1_HealthCheckResponse.ServingStatus] = []
        for try await message in response.messages {
          states.append(message.status)
          switch states.count {
          case 1: loopback.service.state.withLock { $0.isReady = false }
          case 2: loopback.service.state.withLock { $0.isReady = true }
          case 3: loopback.server.beginGracefulShutdown()
          default: break
          }
        }
        return states
      }
      #expect(seen == [.serving, .notServing, .serving, .notServing])
    }
  }

  @Test("Reflection", arguments: ["v1", "v1alpha"])
  func reflection(version: String) async throws {
    try await Loopback.run { loopback in
      var questions: [Grpc_Reflection_V1_ServerReflectionRequest] = [
        .with { $0.listServices = "" },
        .with { $0.fileContainingSymbol = "inference.ModelInferRequest.InferInputTensor" },
        .with { $0.fileByFilename = "model_config.proto" },
        .with { $0.fileContainingSymbol = "no.such.Thing" },
      ]
      // More than are answered without the client reading.
      questions += Array(repeating: questions[0], count: 60)
      let asked = questions
      let answers = try await loopback.client.bidirectionalStreaming(
        request: StreamingClientRequest<Grpc_Reflection_V1_ServerReflectionRequest> { writer in
          for question in asked { try await writer.write(question) }
        },
        descriptor: MethodDescriptor(
          fullyQualifiedService: "grpc.reflection.\(version).ServerReflection",
          method: "ServerReflectionInfo"),
        serializer: ProtobufSerializer<Grpc_Reflection_V1_ServerReflectionRequest>(),
        deserializer: ProtobufDeserializer<Grpc_Reflection_V1_ServerReflectionResponse>(),
        options: .defaults
      ) { response in
        var answers: [Grpc_Reflection_V1_ServerReflectionResponse] = []
        for try await answer in response.messages { answers.append(answer) }
        return answers
      }
      #expect(answers.count == 64)
      let names = answers[0].listServicesResponse.service.map(\.name)
      #expect(names.contains("inference.GRPCInferenceService"))
      #expect(names.contains("grpc.health.v1.Health"))
      let files = try answers[1].fileDescriptorResponse.fileDescriptorProto.map {
        try Google_Protobuf_FileDescriptorProto(serializedBytes: $0).name
      }
      #expect(Set(files) == ["grpc_service.proto", "model_config.proto"])
      #expect(answers[2].fileDescriptorResponse.fileDescriptorProto.count == 1)
      #expect(answers[3].errorResponse.errorCode == 5)
    }
  }
}
#endif
