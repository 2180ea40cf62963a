#if Server
internal import Foundation
internal import GRPCCore
internal import GRPCNIOTransportHTTP2
internal import NIOCore

extension GRPCServer {
  static var addressInUse: CInt { EADDRINUSE }

  /// Windows of HTTP/2, so that large tensors do not wait for a client's every 64 KiB.
  private static let windowSize = 8 << 20
  private static let frameSize = 256 << 10
  /// Calls of one connection at a time.
  private static let streamLimit = 16_384

  static func address(
    _ configuration: GRPCConfiguration
  ) throws(GRPCServerError) -> GRPCNIOTransportCore.SocketAddress {
    let resolved: NIOCore.SocketAddress
    do {
      resolved = try NIOCore.SocketAddress.makeAddressResolvingHost(
        configuration.address, port: configuration.port)
    } catch {
      throw .cannotListen(
        address: configuration.address, port: configuration.port, reason: "\(error)")
    }
    guard let host = resolved.ipAddress else {
      throw .cannotListen(
        address: configuration.address, port: configuration.port,
        reason: "it is no address of the internet protocol")
    }
    return resolved.protocol == .inet6
      ? .ipv6(host: host, port: configuration.port) : .ipv4(host: host, port: configuration.port)
  }

  static func security(
    _ files: GRPCConfiguration.TLSFiles?
  ) -> HTTP2ServerTransport.Posix.TransportSecurity {
    guard let files else { return .plaintext }
    let chain = [TLSConfig.CertificateSource.file(path: files.certificate, format: .pem)]
    let key = TLSConfig.PrivateKeySource.file(path: files.key, format: .pem)
    guard let authorities = files.clientAuthorities else {
      return .tls(certificateChain: chain, privateKey: key)
    }
    return .mTLS(certificateChain: chain, privateKey: key) { tls in
      tls.trustRoots = .certificates([.file(path: authorities, format: .pem)])
    }
  }

  static func transport(
    _ configuration: GRPCConfiguration
  ) -> HTTP2ServerTransport.Posix.Config {
    let keepAlive = HTTP2ServerTransport.Config.Keepalive(
      time: configuration.keepAlive.time, timeout: configuration.keepAlive.timeout,
      clientBehavior: HTTP2ServerTransport.Config.ClientKeepaliveBehavior(
        minPingIntervalWithoutCalls: configuration.keepAlive.minimumPingInterval,
        allowWithoutCalls: configuration.keepAlive.permitsWithoutCalls))
    return .defaults { config in
      config.http2 = HTTP2ServerTransport.Config.HTTP2(
        maxFrameSize: frameSize, targetWindowSize: windowSize, maxConcurrentStreams: streamLimit)
      config.rpc.maxRequestPayloadSize = configuration.maximumRequestSize
      // This initialiser leaves flushes as they come: collecting them would delay each answer.
      config.connection = HTTP2ServerTransport.Config.Connection(
        maxAge: configuration.maximumConnectionAge,
        maxGraceTime: configuration.maximumConnectionAgeGrace, maxIdleTime: nil,
        keepalive: keepAlive)
      config.compression = HTTP2ServerTransport.Config.Compression(
        enabledAlgorithms: [.gzip, .deflate])
      config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
        channel.setOption(.tcpOption(.tcp_nodelay), value: 1)
      }
      if configuration.reusesPort {
        config.channelDebuggingCallbacks.onBindTCPListener = { channel in
          channel.setOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
        }
      }
    }
  }
}
#endif
