#if Server
package import ApusServing
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The gRPC front end: the inference service, health and reflection on one port.
package final class GRPCServer: Sendable {
  private let configuration: GRPCConfiguration
  private let settings: ConnectionSettings
  private let draining: DrainFlag
  private let connections = ConnectionRegistry()
  private let onListening: @Sendable (Int) -> Void
  private let state = Mutex(State())

  private struct State {
    var listener: (any Channel)?
    var isStopped = false
  }

  /// `onListening` is told the port as soon as clients can connect. Throws where the address names no
  /// host.
  package init(
    configuration: GRPCConfiguration, service: any InferenceService,
    onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) throws(GRPCServerError) {
    self.configuration = configuration
    self.onListening = onListening
    let draining = DrainFlag()
    self.draining = draining
    var methods = MethodTable()
    InferenceMethods(service: service, configuration: configuration).register(with: &methods)
    HealthMethods(service: service, draining: draining).register(with: &methods)
    if configuration.isReflectionEnabled { ReflectionMethods().register(with: &methods) }
    settings = ConnectionSettings(configuration, methods)
    _ = try Self.address(configuration)
  }

  /// Serves until `beginGracefulShutdown`, and until the calls under way then are answered, or until the
  /// task is cancelled. Throws where the port or a file cannot be used.
  package func run() async throws {
    let group = configuration.threads.map {
      MultiThreadedEventLoopGroup(numberOfThreads: max($0, 1))
    }
    do throws(GRPCServerError) {
      let listener = try await listen(group ?? .singleton)
      await serve(listener)
    } catch {
      try? await group?.shutdownGracefully()
      throw error
    }
    try? await group?.shutdownGracefully()
  }

  private func serve(_ listener: any Channel) async {
    let port = listener.localAddress?.port ?? configuration.port
    let isStopped = state.withLock { state in
      state.listener = listener
      return state.isStopped
    }
    if isStopped { listener.close(promise: nil) } else { onListening(port) }
    await withTaskCancellationHandler {
      try? await listener.closeFuture.get()
      connections.quiesce()
      await connections.waitUntilEmpty()
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
  ) async throws(GRPCServerError) -> any Channel {
    let address = try Self.address(configuration)
    let security = try configuration.tls.map { files throws(GRPCServerError) in
      try Self.context(files)
    }
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .writeBufferWaterMark,
        value: ChannelOptions.Types.WriteBufferWaterMark(
          low: ConnectionSettings.writeAhead / 2, high: ConnectionSettings.writeAhead)
      )
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 << 10, maximum: 1 << 20)
      )
      .childChannelInitializer { [self] channel in
        guard connections.add(channel) else { return channel.close() }
        return channel.eventLoop.makeCompletedFuture {
          if let security {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: security))
          }
          try channel.pipeline.syncOperations.addHandler(GRPCConnection(settings))
        }
      }
    let bound =
      configuration.reusesPort
      ? bootstrap.serverChannelOption(Self.reusePort, value: 1) : bootstrap
    do { return try await bound.bind(to: address).get() } catch {
      if let system = error as? IOError, system.errnoCode == Self.addressInUse {
        throw .portInUse(address: configuration.address, port: configuration.port)
      }
      throw .cannotListen(
        address: configuration.address, port: configuration.port, reason: "\(error)")
    }
  }
}
#endif
