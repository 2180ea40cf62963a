internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusBuilder
internal import ApusRuntime
internal import ApusTensor
internal import ArgumentParser
internal import CApusPlatform
internal import Foundation

/// The flags of inference and reporting, by trtexec's names.
struct BenchFlags: ParsableArguments {
  @Option(name: .customLong("loadEngine"), help: "An engine to run in place of building one.")
  var loadEngine: String?
  @Option(help: "Input shapes, as name:1x3x224x224,….") var shapes: String?
  @Option(help: "Runs at least this many queries.") var iterations = 10
  @Option(help: "Runs at least this many seconds.") var duration = 3.0
  @Option(name: .customLong("warmUp"), help: "Milliseconds of runs before timing.")
  var warmUp = 200.0
  @Option(name: .customLong("avgRuns"), help: "Queries per line of trace averages.")
  var averageRuns = 10
  @Option(help: "Percentiles of the summary, separated by commas.") var percentile = "90,95,99"
  @Option(name: .customLong("infStreams"), help: "Sessions that run at the same time.")
  var streams = 1
  @Option(name: .customLong("loadInputs"), help: "Raw little-endian inputs, as name:file,….")
  var loadInputs: [String] = []
  @Option(name: .customLong("exportTimes"), help: "Writes every query's times as JSON.")
  var exportTimes: String?
  @Option(name: .customLong("exportOutput"), help: "Writes the outputs as JSON.")
  var exportOutput: String?
  @Option(name: .customLong("exportProfile"), help: "Writes the layer profile as JSON.")
  var exportProfile: String?
  @Option(name: .customLong("exportLayerInfo"), help: "Writes the layers as JSON.")
  var exportLayerInfo: String?
  @Flag(name: .customLong("dumpOutput"), help: "Prints the outputs.") var dumpOutput = false
  @Flag(name: .customLong("dumpProfile"), help: "Prints the time of every layer.")
  var dumpProfile = false
  @Flag(name: .customLong("dumpLayerInfo"), help: "Prints the layers.") var dumpLayerInfo = false
  @Flag(name: .customLong("skipInference"), help: "Builds and stops.") var skipInference = false
}

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times a model or an engine, with trtexec's flags and summary.",
    discussion: """
      Examples:
        apus bench --onnx=resnet50.onnx --shapes=input:1x3x224x224
        apus bench --loadEngine=bert.engine --shapes=input_ids:1x128,attention_mask:1x128 \
      --dumpProfile
        apus bench --onnx=model.onnx --infStreams=2 --cpuThreads=1 --exportTimes=times.json
      """)

  @OptionGroup var build: BuildFlags
  @OptionGroup var bench: BenchFlags

  mutating func run() throws { try Benchmark(build: build, flags: bench).run() }
}

/// One benchmark: build or load, warm up, time, report.
struct Benchmark {
  let build: BuildFlags
  let flags: BenchFlags

  func run() throws {
    let engine = try prepare()
    if flags.skipInference { return }
    let inputs = try BenchmarkInputs(engine, shapes: flags.shapes, files: flags.loadInputs).values
    if flags.dumpLayerInfo || flags.exportLayerInfo != nil { try layers(engine) }
    let (times, wall) = try measure(engine, inputs)
    report(times, wall)
    if let path = flags.exportTimes { try BenchmarkReports.exportTimes(times, to: path) }
    if flags.dumpOutput || flags.exportOutput != nil { try outputs(engine, inputs) }
    if flags.dumpProfile || flags.exportProfile != nil { try profile(engine, inputs) }
  }

  private func prepare() throws -> Engine {
    if let path = flags.loadEngine {
      let start = apus_clock_monotonic()
      let loaded = try Compiler.load(path, threads: build.cpuThreads)
      for note in loaded.notes { Log.warning(note) }
      Log.info("Engine loaded in \(seconds(since: start)) sec.")
      return loaded.engine
    }
    guard let model = build.onnx else {
      throw ApusError(
        .invalidInput, "no model was given", hint: "add --onnx=model.onnx or --loadEngine=m.engine")
    }
    Log.info("Start parsing network model.")
    let start = apus_clock_monotonic()
    let (engine, report) = try BuildCommand.build(model, build, shapes: flags.shapes)
    Log.info("Engine built in \(seconds(since: start)) sec.")
    for line in report.rejected { Log.warning("rejected: \(line)") }
    if build.verbose { print(ReportText.summary(report, verbose: true)) }
    if let path = build.saveEngine {
      try Compiler.save(engine, to: path)
      Log.info("Engine saved to \(path)")
    }
    return engine
  }

  private func seconds(since start: UInt64) -> String {
    Terminal.fixed(Double(apus_clock_monotonic() - start) / 1e9, 3)
  }

  private func measure(
    _ engine: Engine, _ inputs: [HostTensor]
  ) throws -> (times: [QueryTime], wall: Double) {
    for (input, tensor) in zip(engine.inputs, inputs) {
      let shape = tensor.shape.map(String.init).joined(separator: "x")
      Log.info("Input binding for \(input.name) with dimensions \(shape) is created.")
    }
    Log.info("Starting inference")
    let limit = try build.memoryLimit()
    let queries = BenchmarkQueries(
      engine: engine, inputs: inputs, options: SessionOptions(memoryLimit: limit))
    let warm = try queries.run(streams: flags.streams, seconds: flags.warmUp / 1000, atLeast: 1)
    Log.info(
      "Warmup completed \(warm.times.count) queries over \(LatencySummary.number(flags.warmUp)) ms")
    let trace = try queries.run(
      streams: flags.streams, seconds: flags.duration, atLeast: flags.iterations)
    Log.info(
      "Timing trace has \(trace.times.count) queries over \(LatencySummary.number(trace.wall)) s")
    return trace
  }

  private func report(_ times: [QueryTime], _ wall: Double) {
    Log.info("")
    Log.info("=== Trace details ===")
    Log.info("Trace averages of \(flags.averageRuns) runs:")
    let computes = times.map(\.compute)
    let step = max(flags.averageRuns, 1)
    let lines = stride(from: 0, to: computes.count, by: step).map { start -> String in
      let group = computes[start..<min(start + step, computes.count)]
      let mean = LatencySummary.number(group.reduce(0, +) / Double(group.count))
      return "Average on \(group.count) runs - GPU latency: \(mean) ms - Host latency: \(mean) ms "
        + "(enqueue 0 ms)"
    }
    for (index, line) in lines.enumerated() {
      if lines.count > 400, index == 200 { Log.info("... Omitting \(lines.count - 400) lines") }
      if lines.count <= 400 || index < 200 || index >= lines.count - 200 { Log.info(line) }
    }
    let percentiles = flags.percentile.split(separator: ",").compactMap { Double($0) }
    let summary = LatencySummary(computes, percentiles: percentiles)
    let none = LatencySummary(computes.map { _ in 0 }, percentiles: percentiles)
    Log.info("")
    Log.info("=== Performance summary ===")
    Log.info("Throughput: \(LatencySummary.number(Double(times.count) / wall)) qps")
    Log.info("Latency: \(summary.line)")
    Log.info("Enqueue Time: \(none.line)")
    Log.info("H2D Latency: \(none.line)")
    Log.info("GPU Compute Time: \(summary.line)")
    Log.info("D2H Latency: \(none.line)")
    Log.info("Total Host Walltime: \(LatencySummary.number(wall)) s")
    Log.info("Total GPU Compute Time: \(LatencySummary.number(computes.reduce(0, +) / 1000)) s")
    if summary.variation > 0.025 {
      Log.warning(
        "* GPU compute time is unstable, with coefficient of variance = "
          + "\(LatencySummary.number(summary.variation * 100))%.")
    }
    Log.info("Explanations of the performance metrics are printed in the verbose logs.")
    if build.verbose {
      Log.verbose("This build computes on the CPU: compute time stands in the GPU lines, and there")
      Log.verbose("are no transfers. Latency is the time of one query, throughput counts queries.")
    }
  }

  private func layers(_ engine: Engine) throws {
    let layers = engine.plan.graph.nodes.map { node -> [String: Any] in
      [
        "Name": node.name, "LayerType": node.operation.name,
        "TacticName": engine.plan.tactics[node.id]?.name ?? "view or reference",
        "Inputs": node.operands.map { operand in
          operand.map { "\(engine.plan.graph.type($0))" } ?? "-"
        },
        "Outputs": node.results.map { "\(engine.plan.graph.type($0))" },
      ]
    }
    let text = try BenchmarkReports.json(["Layers": layers])
    if let path = flags.exportLayerInfo { try BenchmarkReports.write(text, to: path) }
    if flags.dumpLayerInfo { print(text) }
  }

  private func outputs(_ engine: Engine, _ inputs: [HostTensor]) throws {
    let values: [HostTensor]
    do { values = try engine.makeSession().run(ordered: inputs) } catch {
      throw Models.boundary(error, build.onnx ?? flags.loadEngine ?? "")
    }
    let named = zip(engine.outputs.map(\.name), values)
    if let path = flags.exportOutput { try BenchmarkReports.exportOutputs(Array(named), to: path) }
    guard flags.dumpOutput else { return }
    Log.info("Output Tensors:")
    for (name, tensor) in named {
      let shape = tensor.shape.map(String.init).joined(separator: "x")
      let numbers = (try? tensor.reals()) ?? []
      Log.info("\(name): (\(shape))")
      Log.info(numbers.map(LatencySummary.number).joined(separator: " "))
    }
  }

  private func profile(_ engine: Engine, _ inputs: [HostTensor]) throws {
    let session = engine.makeSession()
    var options = Session.RunOptions()
    let runs = max(flags.iterations, 1)
    do {
      _ = try session.run(ordered: inputs)
      options.isProfiled = true
      for _ in 0..<runs { _ = try session.run(ordered: inputs, options) }
    } catch { throw Models.boundary(error, build.onnx ?? flags.loadEngine ?? "") }
    let rows = LayerRow.rows(session.profile, engine.plan, runs: runs)
    if let path = flags.exportProfile {
      try BenchmarkReports.exportProfile(rows, runs: runs, to: path)
    }
    if flags.dumpProfile { for line in LayerRow.text(rows, runs: runs) { Log.info(line) } }
  }
}

/// Lines in trtexec's form.
enum Log {
  static func info(_ text: String) { line("I", text) }
  static func warning(_ text: String) { line("W", text) }
  static func verbose(_ text: String) { line("V", text) }

  private static func line(_ level: String, _ text: String) {
    let format = DateFormatter()
    format.dateFormat = "MM/dd/yyyy-HH:mm:ss"
    format.locale = Locale(identifier: "en_US_POSIX")
    print("[\(format.string(from: Date()))] [\(level)] \(text)")
  }
}
