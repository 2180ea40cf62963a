#if Server
package import NIOCore
package import NIOPosix
package import NIOSSL

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Listens on a port, and sets up the connections that come.
package struct Listener: Sendable {
  package let endpoint: Endpoint
  /// The flag that chooses the port, for messages.
  package let flag: String
  /// Lets other processes listen on the same port.
  package var reusesPort = false
  /// Nil for clear text.
  package var security: NIOSSLContext?
  package let connections: ConnectionRegistry

  package init(_ endpoint: Endpoint, flag: String, _ connections: ConnectionRegistry) {
    self.endpoint = endpoint
    self.flag = flag
    self.connections = connections
  }

  /// Returns when clients can connect. `options` adds to those of connections, and `addHandlers` what speaks the
  /// protocol, behind TLS where there is.
  package func bind(
    _ group: MultiThreadedEventLoopGroup, options: (ServerBootstrap) -> ServerBootstrap,
    addHandlers: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
  ) async throws(TransportError) -> any Channel {
    let connections = connections
    let security = security
    var bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // Clients that vanished without a word are found out in time.
      .childChannelOption(.socketOption(.so_keepalive), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard connections.add(channel) else { throw TransportError.tooManyConnections }
          let pipeline = channel.pipeline.syncOperations
          if let security { try pipeline.addHandler(NIOSSLServerHandler(context: security)) }
          try addHandlers(pipeline)
        }
      }
    bootstrap = options(bootstrap)
    if reusesPort {
      bootstrap = bootstrap.serverChannelOption(
        ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_REUSEPORT)),
        value: 1)
    }
    do {
      return try await bootstrap.bind(host: endpoint.address, port: endpoint.port).get()
    } catch {
      if let system = error as? IOError, system.errnoCode == EADDRINUSE {
        throw .portInUse(endpoint, flag: flag)
      }
      throw .cannotListen(endpoint, flag: flag, reason: "\(error)")
    }
  }
}
#endif
