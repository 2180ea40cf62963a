#if Server
package import ApusServing
internal import ApusTransport
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import ServiceLifecycle

/// The HTTP front end: the inference protocol and the console on one port, metrics on another.
///
/// A graceful shutdown stops listening, ends idle connections at once and others after the answer under
/// way; cancelling the task ends all at once.
package final class HTTPServer: Service {
  /// The ports that were taken; nil for what is not served.
  package struct Ports: Hashable, Sendable {
    package var api: Int?
    package var metrics: Int?
  }

  private let configuration: HTTPConfiguration
  private let service: any InferenceService
  private let onBound: @Sendable (Ports) -> Void
  private let flag = DrainFlag()

  /// `onBound` is called once the server listens.
  package init(
    configuration: HTTPConfiguration, service: any InferenceService,
    onBound: @escaping @Sendable (Ports) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.service = service
    self.onBound = onBound
  }

  /// The server is about to stop: `/v2/health/ready` is denied and connections end with their next answer,
  /// everything else goes on until `run` is told to stop.
  package func beginDraining() { flag.turnOn() }

  /// Serves until the task is cancelled or a graceful shutdown has been asked for and is done. Throws a
  /// `TransportError` where it cannot listen.
  package func run() async throws {
    let tls = try configuration.tls.map { try $0.context(protocols: ["http/1.1"]) }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(configuration.threads, 1))
    let registry = ConnectionRegistry(limit: configuration.maxConnections, name: "http")
    var listeners: [any Channel] = []
    var ports = Ports()
    do {
      if let endpoint = configuration.api {
        let application = TritonApplication(service, configuration, drain: flag)
        let channel = try await listen(
          endpoint, application, tls, registry, group, flag: "--http-port")
        listeners.append(channel)
        ports.api = channel.localAddress?.port
      }
      if let endpoint = configuration.metrics {
        let application = MetricsApplication(service)
        let channel = try await listen(
          endpoint, application, nil, registry, group, flag: "--metrics-port")
        listeners.append(channel)
        ports.metrics = channel.localAddress?.port
      }
      onBound(ports)
      // Returns by throwing where the task is cancelled, which ends the server as well.
      try? await gracefulShutdown()
    } catch {
      await stop(listeners, registry, group)
      throw error
    }
    await stop(listeners, registry, group)
  }

  private func stop(
    _ listeners: [any Channel], _ registry: ConnectionRegistry,
    _ group: MultiThreadedEventLoopGroup
  ) async {
    flag.turnOn()
    for channel in listeners { try? await channel.close() }
    await registry.drain()
    try? await group.shutdownGracefully()
  }

  private func listen(
    _ endpoint: Endpoint, _ application: any HTTPApplication, _ tls: NIOSSLContext?,
    _ registry: ConnectionRegistry, _ group: MultiThreadedEventLoopGroup, flag name: String
  ) async throws(TransportError) -> any Channel {
    let settings = ConnectionSettings(configuration, flag)
    var listener = Listener(endpoint, flag: name, registry)
    listener.reusesPort = configuration.reusesPort
    listener.security = tls
    return try await listener.bind(group) { bootstrap in
      bootstrap.childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 << 10)
      )
      .childChannelOption(.maxMessagesPerRead, value: 16)
    } addHandlers: { pipeline in
      let connection = HTTPConnection(application, settings)
      try pipeline.addHandler(RepeatedHeads(connection))
      // It takes all bytes at once, unless it has stopped.
      try pipeline.addHandler(
        ByteToMessageHandler(HTTPRequestDecoder(), maximumBufferSize: 1 << 20))
      try pipeline.addHandler(connection)
    }
  }
}
#endif
