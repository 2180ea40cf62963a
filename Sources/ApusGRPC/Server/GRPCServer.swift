#if Server
package import ApusServing
internal import GRPCCore
internal import GRPCNIOTransportHTTP2
internal import NIOCore
internal import NIOPosix

/// The gRPC front end: the inference service, health and reflection on one port.
package final class GRPCServer: Sendable {
  private typealias Transport = HTTP2ServerTransport.Posix

  private let configuration: GRPCConfiguration
  private let server: GRPCCore.GRPCServer<Transport>
  private let draining = Draining()
  private let onListening: @Sendable (Int) -> Void

  /// `onListening` is told the port as soon as clients can connect. Throws where the address names no
  /// host.
  package init(
    configuration: GRPCConfiguration, service: any InferenceService,
    onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) throws(GRPCServerError) {
    self.configuration = configuration
    self.onListening = onListening
    let transport = Transport(
      address: try Self.address(configuration),
      transportSecurity: Self.security(configuration.tls),
      config: Self.transport(configuration),
      eventLoopGroup: configuration.threads.map {
        MultiThreadedEventLoopGroup(numberOfThreads: max($0, 1))
      } ?? .singletonMultiThreadedEventLoopGroup)
    var services: [any RegistrableRPCService] = [
      InferenceMethods(service: service, configuration: configuration, draining: draining),
      HealthMethods(service: service, draining: draining),
    ]
    if configuration.isReflectionEnabled { services.append(ReflectionMethods()) }
    server = GRPCCore.GRPCServer(
      transport: transport, services: services,
      interceptors: configuration.access.isOpen
        ? [] : [AccessInterceptor(access: configuration.access)])
  }

  /// Serves until `beginGracefulShutdown` or the cancellation of the task. Throws where the port or a
  /// file cannot be used.
  package func run() async throws {
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await self.server.serve() }
        if let port = try? await listeningPort { onListening(port) }
        try await group.waitForAll()
      }
    } catch { throw self.error(error) }
  }

  /// The port that clients connect to. Waits until it is bound; throws where it could not be.
  package var listeningPort: Int {
    get async throws {
      let address = try await server.transport.listeningAddress
      return address.ipv4?.port ?? address.ipv6?.port ?? configuration.port
    }
  }

  /// Takes no new connections and calls; `run` returns when those under way are finished.
  package func beginGracefulShutdown() {
    draining.begin()
    server.beginGracefulShutdown()
  }

  // MARK: Errors

  private func error(_ error: any Error) -> any Error {
    if error is CancellationError { return error }
    var cause: any Error = error
    while let outer = cause as? RuntimeError, let inner = outer.cause { cause = inner }
    if let system = cause as? IOError {
      if system.errnoCode == Self.addressInUse {
        return GRPCServerError.portInUse(
          address: configuration.address, port: configuration.port)
      }
      return GRPCServerError.cannotListen(
        address: configuration.address, port: configuration.port, reason: "\(system)")
    }
    if configuration.tls != nil {
      return GRPCServerError.certificate(reason: "\(cause)")
    }
    return GRPCServerError.failed(reason: "\(cause)")
  }
}
#endif
