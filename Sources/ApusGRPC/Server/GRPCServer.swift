#if Server
package import ApusServing
internal import ApusTransport
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The gRPC front end: the inference service, health and reflection on one port.
package final class GRPCServer: Sendable {
  private let configuration: GRPCConfiguration
  private let settings: ConnectionSettings
  private let draining: DrainFlag
  private let connections = ConnectionRegistry(limit: 16_384, name: "grpc")
  private let onListening: @Sendable (Int) -> Void
  private let state = Mutex(State())

  private struct State {
    var listener: (any Channel)?
    var isStopped = false
  }

  /// `onListening` is told the port as soon as clients can connect.
  package init(
    configuration: GRPCConfiguration, service: any InferenceService,
    onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.onListening = onListening
    let draining = DrainFlag()
    self.draining = draining
    var methods = MethodTable()
    InferenceMethods(service: service, configuration: configuration).register(with: &methods)
    HealthMethods(service: service, draining: draining).register(with: &methods)
    if configuration.isReflectionEnabled { ReflectionMethods().register(with: &methods) }
    settings = ConnectionSettings(configuration, methods)
  }

  /// Serves until `beginGracefulShutdown`, and until the calls under way then are answered, or until the
  /// task is cancelled. Throws a `TransportError` where the port or a file cannot be used.
  package func run() async throws {
    let group = configuration.threads.map {
      MultiThreadedEventLoopGroup(numberOfThreads: max($0, 1))
    }
    do throws(TransportError) {
      let listener = try await listen(group ?? .singleton)
      await serve(listener)
    } catch {
      try? await group?.shutdownGracefully()
      throw error
    }
    try? await group?.shutdownGracefully()
  }

  private func serve(_ listener: any Channel) async {
    let port = listener.localAddress?.port ?? configuration.endpoint.port
    let isStopped = state.withLock { state in
      state.listener = listener
      return state.isStopped
    }
    if isStopped { listener.close(promise: nil) } else { onListening(port) }
    await withTaskCancellationHandler {
      try? await listener.closeFuture.get()
      await connections.drain()
    } onCancel: {
      listener.close(promise: nil)
      connections.closeAll()
    }
  }

  /// Takes no new connections and calls; `run` returns when those under way are finished.
  package func beginGracefulShutdown() {
    draining.turnOn()
    let listener = state.withLock { state in
      state.isStopped = true
      return state.listener
    }
    listener?.close(promise: nil)
  }

  private func listen(
    _ group: MultiThreadedEventLoopGroup
  ) async throws(TransportError) -> any Channel {
    var listener = Listener(configuration.endpoint, flag: "--grpc-port", connections)
    listener.reusesPort = configuration.reusesPort
    listener.security = try configuration.tls?.context(protocols: ["h2", "grpc-exp"])
    let settings = settings
    return try await listener.bind(group) { bootstrap in
      bootstrap.childChannelOption(
        .writeBufferWaterMark,
        value: ChannelOptions.Types.WriteBufferWaterMark(
          low: ConnectionSettings.writeAhead / 2, high: ConnectionSettings.writeAhead)
      )
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 << 10, maximum: 1 << 20))
    } addHandlers: { pipeline in
      try pipeline.addHandler(GRPCConnection(settings))
    }
  }
}
#endif
