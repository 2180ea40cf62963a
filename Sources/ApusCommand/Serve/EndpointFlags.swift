#if Server
internal import Apus
internal import ApusHTTP
internal import ApusServing
internal import ApusTransport
internal import ArgumentParser

/// Threads of a front end. Small models run on them, so each processor can use one.
enum ConnectionThreads {
  static let help: ArgumentHelp =
    "Threads that read and write connections; 0 takes one for each processor, 8 at most."

  static func count(_ asked: Int) -> Int {
    asked > 0 ? asked : min(max(Machine.usableProcessors, 1), 8)
  }
}

/// The HTTP and metrics ports.
struct HTTPFlags: ParsableArguments {
  @Option(help: "The HTTP protocol.") var allowHttp = Switch(true)
  @Option(help: "Address of the HTTP port.") var httpAddress = "0.0.0.0"
  @Option(help: "HTTP port; 0 takes any that is free.") var httpPort = 8000
  @Option(help: "Lets other processes listen on the same port.") var reuseHttpPort = Switch(false)
  @Option(help: ConnectionThreads.help) var httpThreadCount = 0
  @Option(help: "Bytes of JSON, and of what a compressed body becomes.")
  var httpMaxInputSize = 64 << 20
  @Option(help: "A regular expression: headers of such names become parameters of requests.")
  var httpHeaderForwardPattern = ""
  @Option(
    help: """
      GROUP,GROUP:HEADER=VALUE: only calls with this header may use these groups of endpoints: \
      health, metadata, inference, shared-memory, model-config, model-repository, statistics, trace, \
      logging.
      """)
  var httpRestrictedApi: [String] = []
  @Option(help: "A PEM file with the HTTP port's certificate and its chain.") var httpServerCert =
    ""
  @Option(help: "The PEM file of its key.") var httpServerKey = ""
  @Option(help: "A PEM file of authorities; clients must show a certificate of one of them.")
  var httpRootCert = ""
  @Option(
    help: """
      GROUP,GROUP=FILE or FILE: calls of these groups, or of all, must carry one of the file's tokens, \
      a line each, as Authorization: Bearer TOKEN; for HTTP and gRPC.
      """)
  var apiTokens: [String] = []
  @Option(help: "The page at / of the HTTP port that shows models and tries them.")
  var console = Switch(true)
  @Option(help: "The port of metrics.") var allowMetrics = Switch(true)
  @Option(help: "Address of the metrics port; that of HTTP where left out.") var metricsAddress = ""
  @Option(
    help: """
      counter_latencies=BOOL, histogram_latencies=BOOL, summary_latencies=BOOL or \
      summary_quantiles=Q:ERROR,Q:ERROR; may be given several times.
      """)
  var metricsConfig: [String] = []
  @Option(help: "Port of GET /metrics; 0 takes any that is free.") var metricsPort = 8002

  func configuration() throws -> HTTPConfiguration {
    try RepositoryFlags.check(httpPort, "http-port", 0...65_535)
    try RepositoryFlags.check(metricsPort, "metrics-port", 0...65_535)
    try RepositoryFlags.check(httpThreadCount, "http-thread-count", 0...256)
    try RepositoryFlags.check(httpMaxInputSize, "http-max-input-size", 1...Int.max)
    var configuration = HTTPConfiguration()
    configuration.api =
      allowHttp.isOn ? Endpoint(address: httpAddress, port: httpPort) : nil
    configuration.metrics =
      allowMetrics.isOn
      ? Endpoint(
        address: metricsAddress.isEmpty ? httpAddress : metricsAddress, port: metricsPort) : nil
    configuration.reusesPort = reuseHttpPort.isOn
    configuration.threads = ConnectionThreads.count(httpThreadCount)
    configuration.maxInputSize = httpMaxInputSize
    configuration.isConsoleEnabled = console.isOn
    for rule in httpRestrictedApi { try configuration.access.restrict(rule) }
    for (group, tokens) in try tokens() {
      configuration.access.tokens[group] = tokens
    }
    guard httpServerCert.isEmpty == httpServerKey.isEmpty else {
      throw ApusError(
        .invalidInput, "TLS needs both --http-server-cert and --http-server-key")
    }
    guard httpRootCert.isEmpty || !httpServerCert.isEmpty else {
      throw ApusError(
        .invalidInput,
        "--http-root-cert asks clients for certificates, which needs --http-server-cert and "
          + "--http-server-key")
    }
    if !httpServerCert.isEmpty {
      configuration.tls = TLSFiles(
        certificate: httpServerCert, key: httpServerKey,
        clientAuthorities: httpRootCert.isEmpty ? nil : httpRootCert)
    }
    configuration.forwardsHeader = try HeaderPattern.matcher(
      httpHeaderForwardPattern, flag: "--http-header-forward-pattern")
    return configuration
  }

  /// What metrics hold.
  func metricsOptions() throws(ApusError) -> MetricsOptions {
    var options = MetricsOptions()
    for text in metricsConfig {
      let pair = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { throw Self.metricsError(text) }
      if pair[0] == "summary_quantiles" {
        options.quantiles = try pair[1].split(separator: ",").map { part throws(ApusError) in
          guard let number = part.split(separator: ":").first.flatMap({ Double($0) }),
            (0...1).contains(number)
          else { throw Self.metricsError(text) }
          return number
        }
        continue
      }
      guard let value = Switch(argument: pair[1]) else { throw Self.metricsError(text) }
      switch pair[0] {
      case "counter_latencies": options.hasLatencyCounters = value.isOn
      case "histogram_latencies": options.hasFirstResponseHistogram = value.isOn
      case "summary_latencies": options.hasSummaries = value.isOn
      default: throw Self.metricsError(text)
      }
    }
    return options
  }

  private static func metricsError(_ text: String) -> ApusError {
    ApusError(
      .invalidInput, "--metrics-config '\(text)' is not known",
      hint: "apus serve --help lists its settings")
  }

  /// Tokens by group.
  func tokens() throws(ApusError) -> [EndpointGroup: [String]] {
    var tokens: [EndpointGroup: [String]] = [:]
    for text in apiTokens {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let path = parts.last ?? ""
      var groups = EndpointGroup.allCases
      if parts.count == 2 {
        groups = []
        for name in parts[0].split(separator: ",") {
          guard let group = EndpointGroup(rawValue: String(name)) else {
            throw ApusError(
              .invalidInput, "--api-tokens names the group '\(name)', which does not exist",
              hint: "groups: " + EndpointGroup.allCases.map(\.rawValue).joined(separator: ", "))
          }
          groups.append(group)
        }
      }
      let lines = try TokenFile.read(path)
      for group in groups { tokens[group, default: []] += lines }
    }
    return tokens
  }
}
#endif
