#if Server
internal import ApusServing
internal import GRPCCore
internal import GRPCProtobuf
internal import SwiftProtobuf

extension RPCRouter {
  /// Registers a method with one message each way.
  mutating func unary<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message>(
    _ descriptor: MethodDescriptor,
    _ body: @escaping @Sendable (Input) async throws(ServingError) -> Output
  ) {
    registerHandler(
      forMethod: descriptor, deserializer: ProtobufDeserializer<Input>(),
      serializer: ProtobufSerializer<Output>()
    ) { request, _ in
      let single = try await ServerRequest(stream: request)
      do throws(ServingError) {
        return StreamingServerResponse(
          single: ServerResponse(message: try await body(single.message)))
      } catch { throw RPCError(error) }
    }
  }
}
#endif
