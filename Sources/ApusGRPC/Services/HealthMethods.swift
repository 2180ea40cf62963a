#if Server
internal import ApusServing
internal import ApusServingSchema
internal import NIOCore

/// `grpc.health.v1.Health`: the server as a whole, under no name or that of the inference service.
struct HealthMethods: Sendable {
  fileprivate typealias Request = Grpc_Health_V1_HealthCheckRequest
  fileprivate typealias Response = Grpc_Health_V1_HealthCheckResponse

  let service: any InferenceService
  let draining: DrainFlag

  /// How often a watched state is looked at.
  fileprivate static let interval = TimeAmount.milliseconds(200)

  func register(with methods: inout MethodTable) {
    methods.unary("/grpc.health.v1.Health/Check") {
      [self] (request: Grpc_Health_V1_HealthCheckRequest) throws(ServingError) in
      guard let status = status(of: request.service) else {
        throw ServingError(.notFound, "unknown service '\(request.service.prefix(200))'")
      }
      return Self.response(status)
    }
    methods.register("/grpc.health.v1.Health/Watch") { [self] call in HealthWatch(self, call) }
  }

  /// Nil for a service that is not there.
  fileprivate func status(of name: String) -> Response.ServingStatus? {
    guard name.isEmpty || name == InferenceMethods.serviceName else { return nil }
    return service.isReady && !draining.isOn ? .serving : .notServing
  }

  fileprivate static func response(_ status: Response.ServingStatus) -> Response {
    var response = Response()
    response.status = status
    return response
  }
}

/// Tells each change of a state.
private final class HealthWatch: CallReceiver {
  private let methods: HealthMethods
  private let call: Call
  private var name: String?
  private var last: HealthMethods.Response.ServingStatus?

  init(_ methods: HealthMethods, _ call: Call) {
    self.methods = methods
    self.call = call
  }

  func receive(_ message: ByteBuffer) {
    guard name == nil else {
      return call.finish(CallStatus(.invalidArgument, "the call has more than one message"))
    }
    do throws(ServingError) {
      name = try HealthMethods.Request.read(message).service
      look()
    } catch { call.finish(CallStatus(error)) }
  }

  func end() {
    if name == nil { call.finish(CallStatus(.invalidArgument, "the call has no message")) }
  }

  private func look() {
    guard !call.isCancelled else { return }
    let status = methods.status(of: name ?? "") ?? .serviceUnknown
    if status != last { call.send(ResponseEncoding(HealthMethods.response(status))) {} }
    last = status
    // The state of a server that ends does not change any more.
    if methods.draining.isOn { return call.finish(.ok) }
    let watch = NIOLoopBound(self, eventLoop: call.eventLoop)
    call.eventLoop.scheduleTask(in: HealthMethods.interval) { watch.value.look() }
  }
}
#endif
