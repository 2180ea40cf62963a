#if Server
internal import Apus
internal import ApusGRPC
internal import ApusServing
internal import ApusTransport
internal import ArgumentParser

/// The gRPC port.
struct GRPCFlags: ParsableArguments {
  @Option(help: "The gRPC protocol.") var allowGrpc = Switch(true)
  @Option(help: "Address of the gRPC port.") var grpcAddress = "0.0.0.0"
  @Option(help: "gRPC port; 0 takes any that is free.") var grpcPort = 8001
  @Option(help: "Lets other processes listen on the same port.") var reuseGrpcPort = Switch(false)
  @Option(help: ConnectionThreads.help) var grpcThreadCount = 0
  @Option(help: "TLS.") var grpcUseSsl = Switch(false)
  @Option(help: "TLS, and clients must show a certificate of --grpc-root-cert.")
  var grpcUseSslMutual = Switch(false)
  @Option(help: "A PEM file with the certificate and its chain.") var grpcServerCert = ""
  @Option(help: "The PEM file of its key.") var grpcServerKey = ""
  @Option(help: "A PEM file of authorities for clients' certificates.") var grpcRootCert = ""
  @Option(
    help: """
      GROUP,GROUP:KEY=VALUE: only calls with the header triton-grpc-protocol-KEY may use these groups, \
      which are those of --http-restricted-api.
      """)
  var grpcRestrictedProtocol: [String] = []
  @Option(help: "A regular expression: headers of such names become parameters of requests.")
  var grpcHeaderForwardPattern = ""
  @Option(
    help: """
      none, low, medium or high: compresses answers to clients that understand it; none only those to \
      compressed requests.
      """)
  var grpcInferResponseCompressionLevel = "none"
  @Option(help: "Milliseconds of silence before a connection is asked whether it lives.")
  var grpcKeepaliveTime = 7_200_000
  @Option(help: "Milliseconds that it has to answer.") var grpcKeepaliveTimeout = 20_000
  @Option(help: "Whether clients may ask without a call under way.")
  var grpcKeepalivePermitWithoutCalls = Switch(false)
  @Option(help: "Milliseconds between two questions of a client without a call.")
  var grpcHttp2MinRecvPingIntervalWithoutData = 300_000
  @Option(help: "Milliseconds after which a connection is closed in order; 0 for never.")
  var grpcMaxConnectionAge = 0
  @Option(help: "Milliseconds that its calls have to end; 0 for ever.")
  var grpcMaxConnectionAgeGrace = 0
  @Option(help: "Tells clients the definitions of the services (server reflection).")
  var grpcReflection = Switch(true)

  /// Nil where gRPC is not wanted.
  func configuration(_ http: HTTPFlags) throws -> GRPCConfiguration? {
    guard allowGrpc.isOn else { return nil }
    try RepositoryFlags.check(grpcPort, "grpc-port", 0...65_535)
    try RepositoryFlags.check(grpcThreadCount, "grpc-thread-count", 0...256)
    for (value, name) in [
      (grpcKeepaliveTime, "grpc-keepalive-time"),
      (grpcKeepaliveTimeout, "grpc-keepalive-timeout"),
      (grpcHttp2MinRecvPingIntervalWithoutData, "grpc-http2-min-recv-ping-interval-without-data"),
      (grpcMaxConnectionAge, "grpc-max-connection-age"),
      (grpcMaxConnectionAgeGrace, "grpc-max-connection-age-grace"),
    ] { try RepositoryFlags.check(value, name, 0...Int(Int32.max)) }
    var configuration = GRPCConfiguration()
    configuration.endpoint = Endpoint(address: grpcAddress, port: grpcPort)
    configuration.reusesPort = reuseGrpcPort.isOn
    configuration.threads = ConnectionThreads.count(grpcThreadCount)
    configuration.tls = try tls()
    configuration.keepAlive.time = .milliseconds(grpcKeepaliveTime)
    configuration.keepAlive.timeout = .milliseconds(grpcKeepaliveTimeout)
    configuration.keepAlive.permitsWithoutCalls = grpcKeepalivePermitWithoutCalls.isOn
    configuration.keepAlive.minimumPingInterval = .milliseconds(
      grpcHttp2MinRecvPingIntervalWithoutData)
    configuration.maximumConnectionAge =
      grpcMaxConnectionAge > 0 ? .milliseconds(grpcMaxConnectionAge) : nil
    configuration.maximumConnectionAgeGrace =
      grpcMaxConnectionAgeGrace > 0 ? .milliseconds(grpcMaxConnectionAgeGrace) : nil
    for rule in grpcRestrictedProtocol { try configuration.access.restrict(rule) }
    configuration.access.tokens = try http.tokens()
    let levels: [String: Int?] = ["none": nil, "low": 1, "medium": 6, "high": 9]
    guard let level = levels[grpcInferResponseCompressionLevel] else {
      throw ApusError(
        .invalidInput,
        "--grpc-infer-response-compression-level is none, low, medium or high, found "
          + "'\(grpcInferResponseCompressionLevel)'")
    }
    configuration.responseCompressionLevel = level
    configuration.forwardsHeader = try HeaderPattern.matcher(
      grpcHeaderForwardPattern, flag: "--grpc-header-forward-pattern")
    configuration.isReflectionEnabled = grpcReflection.isOn
    return configuration
  }

  private func tls() throws(ApusError) -> TLSFiles? {
    guard grpcUseSsl.isOn || grpcUseSslMutual.isOn else {
      guard grpcServerCert.isEmpty, grpcServerKey.isEmpty, grpcRootCert.isEmpty else {
        throw ApusError(
          .invalidInput,
          "the files of gRPC's TLS are given, and it is not switched on: --grpc-use-ssl=true, or "
            + "--grpc-use-ssl-mutual=true for clients with certificates")
      }
      return nil
    }
    guard !grpcServerCert.isEmpty, !grpcServerKey.isEmpty else {
      throw ApusError(.invalidInput, "TLS needs --grpc-server-cert and --grpc-server-key")
    }
    guard !grpcUseSslMutual.isOn || !grpcRootCert.isEmpty else {
      throw ApusError(.invalidInput, "--grpc-use-ssl-mutual needs --grpc-root-cert")
    }
    return TLSFiles(
      certificate: grpcServerCert, key: grpcServerKey,
      clientAuthorities: grpcUseSslMutual.isOn ? grpcRootCert : nil)
  }
}
#endif
