internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform

/// One benchmark in trtexec's order: build or load, bind inputs, warm up, time, report.
struct Benchmark {
  let build: BuildFlags
  let running: RunLimitFlags
  let flags: BenchFlags
  var log: Log

  init(build: BuildFlags, running: RunLimitFlags, flags: BenchFlags) {
    self.build = build
    self.running = running
    self.flags = flags
    self.log = Log(isVerbose: build.verbose)
  }

  private var path: String { flags.loadEngine ?? build.onnx ?? "" }

  /// Nil where inference was skipped.
  func run() throws -> PerformanceReport? {
    try flags.check()
    try build.check()
    for path in [
      build.saveEngine, flags.exportTimes, flags.exportOutput, flags.exportProfile,
      flags.exportLayerInfo,
    ] { try Models.writable(path) }
    let limits = try running.limits(with: build.limits)
    let engine = try prepare()
    if flags.dumpOptimizationProfile { dumpProfiles(engine) }
    if flags.dumpLayerInfo || flags.exportLayerInfo != nil { try layers(engine) }
    if flags.skipInference { return nil }
    let inputs = try BenchmarkInputs(engine, flags, log)
    bind(engine, inputs.values)
    noteProfile(engine, inputs.values)
    let queries = BenchmarkQueries(
      engine: engine, inputs: inputs.values,
      options: SessionOptions(limits, profile: flags.useProfile),
      idleMilliseconds: flags.idleTime, path: path)
    let report = try measure(queries)
    if flags.dumpOutput || flags.exportOutput != nil { try outputs(engine, inputs.values) }
    if flags.dumpProfile || flags.exportProfile != nil { try profile(engine, inputs.values) }
    return report
  }

  // MARK: Engine

  private func prepare() throws -> Engine {
    let start = apus_clock_monotonic()
    if let path = flags.loadEngine {
      let loaded = try Models.load(path, threads: build.cpuThreads)
      for note in loaded.notes { log.warning(note) }
      log.info("Engine loaded in \(seconds(since: start)) sec.")
      return loaded.engine
    }
    guard let path = build.onnx else {
      throw ApusError(
        .invalidInput, "no model was given", hint: "add --onnx=model.onnx or --loadEngine=m.engine")
    }
    log.info("Start parsing network model.")
    let model = try Models.onnx(path, build.limits)
    banner(path, model)
    log.info("Finished parsing network model. Parse time: \(seconds(since: start))")
    let built = try BuildCommand.build(model.graph, build, shapes: flags.shapes)
    for line in built.report.rejected { log.warning("rejected: \(line)") }
    if build.verbose {
      for line in ReportText.summary(built.report, verbose: true).split(separator: "\n") {
        log.verbose(String(line))
      }
    }
    var bytes = built.report.weightBytes
    if let path = build.saveEngine {
      try Compiler.save(built.engine, to: path)
      bytes = Models.fileSize(path) ?? bytes
    }
    log.info("Created engine with size: \(Terminal.general(Double(bytes) / 1_048_576)) MiB")
    log.info("Engine built in \(seconds(since: start)) sec.")
    if let path = build.saveEngine { log.info("Engine saved to \(path)") }
    return built.engine
  }

  private func banner(_ path: String, _ model: ImportedModel) {
    let rule = String(repeating: "-", count: 64)
    let opsets = model.opsets.sorted { $0.key < $1.key }
      .map { $0.key.isEmpty ? "\($0.value)" : "\($0.key) \($0.value)" }
    log.info(rule)
    log.info("Input filename:   \(path)")
    log.info("ONNX IR version:  \(model.irVersion)")
    log.info("Opset version:    \(opsets.joined(separator: ", "))")
    log.info("Producer name:    \(model.producer)")
    log.info(rule)
  }

  private func seconds(since start: UInt64) -> String {
    Terminal.general(Double(apus_clock_monotonic() - start) / 1e9)
  }

  // MARK: Inference

  private func bind(_ engine: Engine, _ inputs: [HostTensor]) {
    for (input, tensor) in zip(engine.inputs, inputs) {
      log.info(
        "Input binding for \(input.name) with dimensions \(tensor.shape.dimensions) is created.")
    }
    let bindings = try? engine.source.bindSymbols(inputs.map(\.shape))
    for output in engine.outputs {
      let shape = output.type.shape.substituting(bindings ?? [:])
      let text = shape.fixed?.dimensions ?? "\(shape)"
      log.info("Output binding for \(output.name) with dimensions \(text) is created.")
    }
  }

  private func measure(_ queries: BenchmarkQueries) throws -> PerformanceReport {
    log.info("Starting inference")
    let warm = try queries.run(
      streams: flags.streams, seconds: flags.warmUp / 1000, atLeast: 1, phase: "warming up")
    log.info(
      "Warmup completed \(warm.times.count) queries over \(Terminal.general(flags.warmUp)) ms")
    let trace = try queries.run(
      streams: flags.streams, seconds: flags.duration, atLeast: flags.iterations, phase: "timing")
    log.info(
      "Timing trace has \(trace.times.count) queries over \(Terminal.general(trace.wall)) s")
    let report = PerformanceReport(
      times: trace.times, wall: trace.wall, averageRuns: flags.averageRuns,
      percentiles: try flags.percentiles(), streams: flags.streams)
    report.entries.forEach(log.write)
    if let path = flags.exportTimes { try BenchmarkExports.times(trace.times, to: path) }
    return report
  }

  private func session(_ engine: Engine) throws(ApusError) -> Session {
    engine.makeSession(
      SessionOptions(try running.limits(with: build.limits), profile: flags.useProfile))
  }

  private func outputs(_ engine: Engine, _ inputs: [HostTensor]) throws {
    let session = try session(engine)
    let values: [HostTensor]
    do { values = try session.run(ordered: inputs) } catch { throw Models.boundary(error, path) }
    let named = Array(zip(engine.outputs.map(\.name), values))
    if let path = flags.exportOutput { try BenchmarkExports.outputs(named, to: path) }
    guard flags.dumpOutput else { return }
    log.info("Output Tensors:")
    for (name, tensor) in named {
      log.info("\(name): (\(tensor.shape.dimensions))")
      let numbers = (try? tensor.reals()) ?? []
      log.info(numbers.map(Terminal.general).joined(separator: " "))
    }
  }

  // MARK: Layers

  private func profile(_ engine: Engine, _ inputs: [HostTensor]) throws {
    let session = try session(engine)
    var options = Session.RunOptions()
    let runs = max(flags.iterations, 1)
    do {
      _ = try session.run(ordered: inputs)
      options.isProfiled = true
      for _ in 0..<runs { _ = try session.run(ordered: inputs, options) }
    } catch { throw Models.boundary(error, path) }
    let rows = LayerTimes.rows(session.profile, engine.plan, runs: runs)
    if let path = flags.exportProfile { try BenchmarkExports.profile(rows, runs: runs, to: path) }
    if flags.dumpProfile {
      log.info("")
      LayerTimes.text(rows, runs: runs).forEach(log.info)
    }
  }

  private func layers(_ engine: Engine) throws {
    let rows = LayerInfo.rows(engine.plan, engine.cachePairs)
    let text = JSON.object(["Layers": .list(rows.map(\.json))]).description
    if let path = flags.exportLayerInfo { try BenchmarkExports.write(text, to: path) }
    if flags.dumpLayerInfo {
      log.info("Layer Information:")
      if !log.isQuiet { print(text) }
    }
  }

  /// Says which profile's tactics run where there are several.
  private func noteProfile(_ engine: Engine, _ inputs: [HostTensor]) {
    guard engine.plan.profiles.count > 1 else { return }
    let index = flags.useProfile ?? engine.plan.profile(for: inputs.map(\.shape))
    log.info("Using the tactics of optimization profile \(index).")
  }

  private func dumpProfiles(_ engine: Engine) {
    for (index, profile) in engine.plan.profiles.enumerated() {
      log.info("Optimization Profile \(index):")
      for (name, range) in profile.inputs.sorted(by: { $0.key < $1.key }) {
        log.info(
          "  \(name): min \(range.minimum.dimensions), opt \(range.optimum.dimensions), "
            + "max \(range.maximum.dimensions)")
      }
    }
  }
}
