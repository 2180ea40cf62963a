#if Server
internal import ApusServingSchema
internal import Foundation
internal import GRPCCore
internal import GRPCProtobuf

/// Server reflection, version 1 and, with the same messages, 1alpha.
struct ReflectionMethods: RegistrableRPCService {
  private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  private static let alpha = "grpc.reflection.v1alpha.ServerReflection"

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    let current = Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor
    let alpha = MethodDescriptor(
      fullyQualifiedService: Self.alpha, method: current.method, type: .bidirectionalStreaming)
    for descriptor in [current, alpha] {
      router.registerHandler(
        forMethod: descriptor, deserializer: ProtobufDeserializer<Request>(),
        serializer: ProtobufSerializer<Response>()
      ) { request, _ in
        StreamingServerResponse(metadata: [:]) { writer in
          for try await question in request.messages {
            try await writer.write(Self.answer(to: question))
          }
          return [:]
        }
      }
    }
  }

  private static func answer(to request: Request) -> Response {
    var response = Response()
    response.validHost = request.host
    response.originalRequest = request
    switch request.messageRequest {
    case .fileByFilename(let name): set(Definitions.shared.file(named: name), name, in: &response)
    case .fileContainingSymbol(let symbol):
      set(Definitions.shared.file(defining: symbol), symbol, in: &response)
    case .fileContainingExtension(let wanted):
      fail(.notFound, "\(wanted.containingType) has no extensions", in: &response)
    case .allExtensionNumbersOfType(let type):
      if Definitions.shared.isDefined(type) {
        response.allExtensionNumbersResponse.baseTypeName = type
      } else {
        fail(.notFound, "'\(type)' is not defined", in: &response)
      }
    case .listServices:
      let names = Definitions.shared.services + [Self.alpha]
      response.listServicesResponse.service = names.sorted().map { name in
        var service = Grpc_Reflection_V1_ServiceResponse()
        service.name = name
        return service
      }
    case nil: fail(.invalidArgument, "the request asks for nothing", in: &response)
    }
    return response
  }

  private static func set(_ files: [Data]?, _ name: String, in response: inout Response) {
    if let files {
      response.fileDescriptorResponse.fileDescriptorProto = files
    } else {
      fail(.notFound, "'\(name)' is not defined", in: &response)
    }
  }

  private static func fail(
    _ code: Status.Code, _ message: String, in response: inout Response
  ) {
    response.errorResponse.errorCode = Int32(clamping: code.rawValue)
    response.errorResponse.errorMessage = message
  }
}
#endif
