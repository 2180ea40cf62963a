#if Server
internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension GRPCServer {
  static var addressInUse: CInt { EADDRINUSE }

  static var reusePort: ChannelOptions.Types.SocketOption {
    .socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT))
  }

  static func address(
    _ configuration: GRPCConfiguration
  ) throws(GRPCServerError) -> SocketAddress {
    do {
      return try SocketAddress.makeAddressResolvingHost(
        configuration.address, port: configuration.port)
    } catch {
      throw .cannotListen(
        address: configuration.address, port: configuration.port,
        reason: "the address names no host")
    }
  }

  static func context(
    _ files: GRPCConfiguration.TLSFiles
  ) throws(GRPCServerError) -> NIOSSLContext {
    do {
      let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
      guard !chain.isEmpty else {
        throw GRPCServerError.certificate(reason: "\(files.certificate) holds no certificate")
      }
      var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
      tls.applicationProtocols = ["h2", "grpc-exp"]
      tls.minimumTLSVersion = .tlsv12
      if let authorities = files.clientAuthorities {
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities))
        // Clients have no names that could be compared.
        tls.certificateVerification = .noHostnameVerification
      }
      return try NIOSSLContext(configuration: tls)
    } catch let error as GRPCServerError { throw error } catch {
      let paths = [files.certificate, files.key, files.clientAuthorities].compactMap(\.self)
      throw .certificate(reason: "\(paths.joined(separator: ", ")): \(error)")
    }
  }
}
#endif
