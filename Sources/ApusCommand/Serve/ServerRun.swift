#if Server
internal import Apus
internal import ApusGRPC
internal import ApusHTTP
internal import ApusServing
internal import ApusTransport
internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// A server from its first port to its exit.
struct ServerRun: Sendable {
  struct Lifetime: Sendable {
    /// Whether a model that fails at the start ends the server.
    var exitsOnError: Bool
    /// Between saying 'not ready' and closing the ports.
    var drainSeconds: Int
    /// For requests in flight after that.
    var timeoutSeconds: Int
  }

  let options: ServerOptions
  let loader: EngineModelLoader
  let log: LogSettings
  let trace: TraceSettings
  let http: HTTPConfiguration
  let grpc: GRPCConfiguration?
  let lifetime: Lifetime

  /// Serves until a signal; throws where it cannot start.
  func run() async throws {
    let start = ContinuousClock.now
    let log: ServerLog
    do throws(ServingError) { log = try ServerLog(self.log) } catch { throw Self.boundary(error) }
    let logger = log.logger("apus")
    let metrics = Telemetry.metrics
    let traces = TraceSink(trace, logger: log.logger("trace"))
    if trace.isOn, trace.mode == .opentelemetry { Telemetry.use(traces.tracer) }
    let server = try makeServer(log, logger, traces, metrics)
    let exit = ExitDeadline(seconds: lifetime.timeoutSeconds)
    let ends = makeFrontEnds(server, logger)
    let outcome = await serve(server, ends, logger, exit, start)
    let isClean = await server.stop(deadline: exit.begin())
    await traces.close()
    try outcome.get()
    if !isClean {
      logger.warning("Exit timeout expired. Exiting immediately.")
      throw ApusError(.internalFailure, "requests in flight were not finished in time")
    }
    logger.info("all requests are answered, exiting")
  }

  private func makeServer(
    _ log: ServerLog, _ logger: Logger, _ traces: TraceSink, _ metrics: PrometheusMetrics
  ) throws(ApusError) -> InferenceServer {
    var options = options
    options.metrics.more = { metrics.text }
    let settings = ServerSettings(log: self.log, trace: trace) { log.apply($0) }
    do throws(ServingError) {
      return try InferenceServer(
        options, loader: loader, settings: settings, note: { logger.info("\($0)") },
        onTrace: { traces.add($0) },
        onReply: { request, error in
          var metadata: Logger.Metadata = [
            "model": "\(request.model)", "request_id": "\(request.id)",
            "microseconds": "\((Clock.now() &- request.arrival) / 1000)",
          ]
          if let error { metadata["error"] = "\(error.message)" }
          logger.debug("request", metadata: metadata)
        })
    } catch { throw Self.boundary(error) }
  }

  /// Ends of the protocols; HTTP is told of the end of the server before the others.
  private struct FrontEnds: Sendable {
    let http: HTTPServer
    let grpc: GRPCFrontEnd?

    var services: [any Service] {
      if let grpc { [http, grpc] } else { [http] }
    }
  }

  private func makeFrontEnds(
    _ server: InferenceServer, _ logger: Logger
  ) -> FrontEnds {
    let front = HTTPServer(configuration: http, service: server) { ports in
      if let port = ports.api {
        logger.info("Started HTTPService at \(http.api?.address ?? ""):\(port)")
      }
      if let port = ports.metrics {
        logger.info("Started Metrics Service at \(http.metrics?.address ?? ""):\(port)")
      }
    }
    guard let grpc else { return FrontEnds(http: front, grpc: nil) }
    let back = GRPCServer(configuration: grpc, service: server) { port in
      logger.info("Started GRPCInferenceService at \(grpc.endpoint.address):\(port)")
    }
    return FrontEnds(http: front, grpc: GRPCFrontEnd(server: back))
  }

  /// Loads models while the ports are open, until those are closed: after a signal, or for the failure that
  /// it returns. Models may still be loading then.
  private func serve(
    _ server: InferenceServer, _ ends: FrontEnds, _ logger: Logger, _ exit: ExitDeadline,
    _ start: ContinuousClock.Instant
  ) async -> Result<Void, any Error> {
    var configuration = ServiceGroupConfiguration(services: ends.services, logger: Self.silent)
    configuration.maximumGracefulShutdownDuration = .seconds(lifetime.timeoutSeconds)
    let group = ServiceGroup(configuration: configuration)
    let failure = ResultBox<Void>()
    Task {
      do throws(ApusError) { try await load(server, logger, start) } catch {
        failure.set(.failure(error))
        exit.begin()
        await group.triggerGracefulShutdown()
      }
    }
    let signals = Task { await watchSignals(server, ends.http, group, logger, exit) }
    defer { signals.cancel() }
    do { try await group.run() } catch { return .failure(Self.boundary(error)) }
    return failure.get() ?? .success(())
  }

  private func load(
    _ server: InferenceServer, _ logger: Logger, _ start: ContinuousClock.Instant
  ) async throws(ApusError) {
    do throws(ServingError) { try await server.start() } catch { throw Self.boundary(error) }
    // What a signal cut short is no failure.
    guard server.isLive else { return }
    for line in ModelTable.text(server).split(separator: "\n") { logger.info("\(line)") }
    let failures = server.repository.failures
    if !failures.isEmpty, lifetime.exitsOnError {
      let reasons = failures.map { "  \($0.model): \($0.reason)" }.joined(separator: "\n")
      throw ApusError(
        .invalidInput, "failed to load all models:\n\(reasons)",
        hint: "--exit-on-error=false serves the others")
    }
    let time = (ContinuousClock.now - start) / .milliseconds(1)
    logger.info("ready after \(Int(time)) ms")
  }

  /// The first signal ends the server in order, the second at once.
  private func watchSignals(
    _ server: InferenceServer, _ front: HTTPServer, _ group: ServiceGroup, _ logger: Logger,
    _ deadline: ExitDeadline
  ) async {
    var isStopping = false
    for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
      if isStopping {
        logger.warning("second signal, exiting at once")
        exit(1)
      }
      isStopping = true
      server.beginDraining()
      front.beginDraining()
      // Nobody balances load to a server in a terminal.
      let delay = signal == .sigterm ? lifetime.drainSeconds : 0
      logger.info("signal received: not ready from now on, ports close in \(delay) s")
      Task {
        try? await Task.sleep(for: .seconds(delay))
        deadline.begin()
        await group.triggerGracefulShutdown()
      }
    }
  }

  /// The group's own lines say nothing to users.
  private static let silent = Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }

  private static func boundary(_ error: any Error) -> ApusError {
    if let error = error as? ApusError { return error }
    return ApusError(.invalidInput, "\(error)")
  }
}

/// The gRPC server as a service of the group.
private struct GRPCFrontEnd: Service {
  let server: GRPCServer

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      server.beginGracefulShutdown()
    }
  }
}
#endif
