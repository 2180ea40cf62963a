#if Server
internal import ApusServingSchema
internal import Foundation
internal import ApusServing
internal import NIOCore

/// Server reflection, version 1 and, with the same messages, 1alpha.
struct ReflectionMethods {
  fileprivate typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
  fileprivate typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

  private static let services = [
    "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
  ]

  func register(with methods: inout MethodTable) {
    for service in Self.services {
      methods.register("/\(service)/ServerReflectionInfo") { call in ReflectionCall(call) }
    }
  }

  fileprivate static func answer(to request: Request) -> Response {
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
      let names = Set(Definitions.shared.services + services)
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
    _ code: CallStatus.Code, _ message: String, in response: inout Response
  ) {
    response.errorResponse.errorCode = Int32(clamping: code.rawValue)
    response.errorResponse.errorMessage = message
  }
}

/// Answers each question. A small one may have a large answer, so a client that does not read is not asked
/// for more.
private final class ReflectionCall: CallReceiver {
  /// Answers that wait for the client at most.
  private static let limit = 16
  private let call: Call
  private var unsent = 0

  init(_ call: Call) { self.call = call }

  func receive(_ message: ByteBuffer) {
    do throws(ServingError) {
      let request = try ReflectionMethods.Request.read(message)
      unsent += 1
      if unsent == Self.limit { call.pause() }
      let me = NIOLoopBound(self, eventLoop: call.eventLoop)
      let answer = ResponseEncoding(ReflectionMethods.answer(to: request))
      call.send(answer) { me.value.wasSent() }
    } catch { call.finish(CallStatus(error)) }
  }

  private func wasSent() {
    if unsent == Self.limit { call.resume() }
    unsent -= 1
  }

  func end() { call.finish(.ok) }
}
#endif
