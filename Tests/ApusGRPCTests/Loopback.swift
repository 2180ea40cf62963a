#if Server
import ApusGRPC
import ApusServingSchema
import ApusTransport
import GRPCCore
import GRPCNIOTransportHTTP2
import GRPCProtobuf
import SwiftProtobuf

/// A server and a client of it on the loopback interface.
struct Loopback: Sendable {
  typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

  let service: FakeService
  let server: ApusGRPC.GRPCServer
  let client: Client
  let port: Int

  /// Runs `body` beside a server of its own.
  static func run(
    _ configure: (inout GRPCConfiguration) throws -> Void = { _ in },
    security: HTTP2ClientTransport.Posix.TransportSecurity = .plaintext,
    client configureClient: (inout HTTP2ClientTransport.Posix.Config) -> Void = { _ in },
    _ body: @escaping @Sendable (Loopback) async throws -> Void
  ) async throws {
    var configuration = GRPCConfiguration()
    configuration.endpoint.address = "127.0.0.1"
    configuration.endpoint.port = 0
    try configure(&configuration)
    let service = FakeService()
    var clientConfig = HTTP2ClientTransport.Posix.Config.defaults
    configureClient(&clientConfig)
    let settings = clientConfig
    try await serve(configuration, service) { server, port in
      let transport = try HTTP2ClientTransport.Posix(
        target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: security,
        config: settings)
      try await withGRPCClient(transport: transport) { client in
        try await body(
          Loopback(service: service, server: server, client: client, port: port))
      }
    }
  }

  /// Runs `body` while a server listens. Throws where it cannot.
  static func serve(
    _ configuration: GRPCConfiguration, _ service: FakeService,
    _ body: (_ server: ApusGRPC.GRPCServer, _ port: Int) async throws -> Void
  ) async throws {
    let (ports, found) = AsyncStream.makeStream(of: Int.self)
    let server = ApusGRPC.GRPCServer(configuration: configuration, service: service) {
      found.yield($0)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { found.finish() }
        try await server.run()
      }
      var iterator = ports.makeAsyncIterator()
      if let port = await iterator.next() { try await body(server, port) }
      server.beginGracefulShutdown()
      try await group.waitForAll()
    }
  }

  /// The status code that a call ends with; nil where it succeeds.
  static func code(_ body: () async throws -> Void) async -> RPCError.Code? {
    do {
      try await body()
      return nil
    } catch { return (error as? RPCError)?.code ?? .unknown }
  }

  func call<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ method: String, _ request: Input, metadata: Metadata = [:],
    service: String = "inference.GRPCInferenceService", options: CallOptions = .defaults
  ) async throws -> Output {
    try await client.unary(
      request: ClientRequest(message: request, metadata: metadata),
      descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
      serializer: ProtobufSerializer<Input>(), deserializer: ProtobufDeserializer<Output>(),
      options: options
    ) { try $0.message }
  }

  func infer(
    _ request: Inference_ModelInferRequest, metadata: Metadata = [:],
    options: CallOptions = .defaults
  ) async throws -> Inference_ModelInferResponse {
    try await call("ModelInfer", request, metadata: metadata, options: options)
  }

  /// Sends all requests, then answers of the stream in order until its end.
  func stream(
    _ requests: [Inference_ModelInferRequest], metadata: Metadata = [:],
    onSent: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> [Inference_ModelStreamInferResponse] {
    let request = StreamingClientRequest<Inference_ModelInferRequest>(metadata: metadata) {
      writer in
      for request in requests { try await writer.write(request) }
      try await onSent()
    }
    return try await client.bidirectionalStreaming(
      request: request,
      descriptor: MethodDescriptor(
        fullyQualifiedService: "inference.GRPCInferenceService", method: "ModelStreamInfer"),
      serializer: ProtobufSerializer<Inference_ModelInferRequest>(),
      deserializer: ProtobufDeserializer<Inference_ModelStreamInferResponse>(),
      options: .defaults
    ) { response in
      var answers: [Inference_ModelStreamInferResponse] = []
      for try await answer in response.messages { answers.append(answer) }
      return answers
    }
  }
}

extension Inference_ModelInferRequest {
  /// A request with raw inputs of numbers.
  static func raw(
    _ model: String, id: String = "", _ inputs: [(name: String, values: [Float])]
  ) -> Inference_ModelInferRequest {
    var request = Inference_ModelInferRequest()
    request.modelName = model
    request.id = id
    for (name, values) in inputs {
      var input = InferInputTensor()
      input.name = name
      input.datatype = "FP32"
      input.shape = [Int64(values.count)]
      request.inputs.append(input)
      request.rawInputContents.append(values.data)
    }
    return request
  }
}
#endif
