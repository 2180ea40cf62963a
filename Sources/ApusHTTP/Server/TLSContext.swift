#if Server
internal import NIOSSL

/// Certificates of the protocol's port.
enum TLSContext {
  static func make(_ files: HTTPConfiguration.TLSFiles) throws(HTTPServerError) -> NIOSSLContext {
    let chain = try read(files.certificate) { try NIOSSLCertificate.fromPEMFile($0) }
    let key = try read(files.key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
    guard !chain.isEmpty else {
      throw .certificate(path: files.certificate, reason: "it holds no certificate")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    if let authorities = files.clientAuthorities {
      let roots = try read(authorities) { try NIOSSLCertificate.fromPEMFile($0) }
      configuration.trustRoots = .certificates(roots)
      configuration.certificateVerification = .noHostnameVerification
    }
    let complete = configuration
    return try read(files.key) { _ in try NIOSSLContext(configuration: complete) }
  }

  private static func read<Value>(
    _ path: String, _ body: (String) throws -> Value
  ) throws(HTTPServerError) -> Value {
    do { return try body(path) } catch {
      throw .certificate(path: path, reason: "\(error)")
    }
  }
}
#endif
