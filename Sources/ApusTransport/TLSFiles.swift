#if Server
package import NIOSSL

/// PEM files of a certificate chain and its key; with `clientAuthorities`, clients must show a certificate that one
/// of them signed.
package struct TLSFiles: Hashable, Sendable {
  package var certificate: String
  package var key: String
  package var clientAuthorities: String?

  package init(certificate: String, key: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthorities = clientAuthorities
  }

  /// For servers that speak these protocols, as clients ask for them (ALPN).
  package func context(protocols: [String]) throws(TransportError) -> NIOSSLContext {
    let chain = try Self.read(certificate) { try NIOSSLCertificate.fromPEMFile($0) }
    let key = try Self.read(key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
    guard !chain.isEmpty else {
      throw .certificate(path: certificate, reason: "it holds no certificate")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = protocols
    if let clientAuthorities {
      let roots = try Self.read(clientAuthorities) { try NIOSSLCertificate.fromPEMFile($0) }
      configuration.trustRoots = .certificates(roots)
      // Clients have no names that could be compared.
      configuration.certificateVerification = .noHostnameVerification
    }
    let complete = configuration
    return try Self.read(self.key) { _ in try NIOSSLContext(configuration: complete) }
  }

  private static func read<Value>(
    _ path: String, _ body: (String) throws -> Value
  ) throws(TransportError) -> Value {
    do { return try body(path) } catch {
      throw .certificate(path: path, reason: "\(error)")
    }
  }
}
#endif
