#if Server
internal import Apus
internal import ApusHTTP
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusServing
internal import ArgumentParser

/// `apus serve`: reads the flags of all parts of the server and runs it, or checks a repository.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves a repository of models over HTTP and gRPC, as Triton does.",
    discussion: """
      Flags are Triton's; a link to apus named tritonserver takes its whole command line. SIGTERM and \
      Ctrl-C finish the requests in flight; a second one exits at once.

      Examples:
        apus serve --model-repository=models
        apus serve --model-repository=models --model-control-mode=explicit --load-model=resnet
        apus serve --model-repository=models --http-port=9000 --grpc-port=9001 --metrics-port=9002
        apus serve --model-repository=models --http-server-cert=cert.pem --http-server-key=key.pem \
      --grpc-use-ssl=true --grpc-server-cert=cert.pem --grpc-server-key=key.pem
        apus serve --model-repository=models --api-tokens=tokens.txt
        apus serve --model-repository=models --trace-config=level=TIMESTAMPS \
      --trace-config=triton,file=trace.json
        apus serve --check models
        curl localhost:8000/v2/models/resnet/config
      """)

  @Option(
    name: .customLong("check"),
    help: "Loads the models of a repository, says what is wrong with them and exits.")
  var checked: String?
  @OptionGroup(title: "Models") var repository: RepositoryFlags
  @OptionGroup(title: "Service") var service: ServiceFlags
  @OptionGroup(title: "HTTP and metrics") var http: HTTPFlags
  @OptionGroup(title: "gRPC") var grpc: GRPCFlags
  @OptionGroup(title: "Log") var log: LogFlags
  @OptionGroup(title: "Traces") var trace: TraceFlags
  @OptionGroup(title: "Custom operators") var plugins: PluginFlags
  @OptionGroup(title: "Limits") var limits: LimitFlags

  func run() throws {
    try plugins.load()
    var flags = repository
    if let checked { flags.modelRepository.append(checked) }
    var options = ServerOptions(version: Compiler.version, repository: try flags.options())
    try service.fill(&options)
    options.metrics = try http.metricsOptions()
    let loader = EngineModelLoader(
      pool: ThreadPool(threads: service.threads), importOptions: try limits.importOptions(),
      limits: try limits.limits())
    if checked != nil { return try RepositoryCheck(options, loader).run() }
    let run = ServerRun(
      options: options, loader: loader, log: try log.settings(), trace: try trace.settings(),
      http: try http.configuration(), grpc: try grpc.configuration(http),
      lifetime: ServerRun.Lifetime(
        exitsOnError: repository.exitOnError.isOn, drainSeconds: service.drainDelaySecs,
        timeoutSeconds: service.exitTimeoutSecs))
    try Blocking.run { try await run.run() }
  }
}
#endif
