internal import Apus
internal import ApusCPU
internal import CApusPlatform
internal import Foundation

/// What trtexec says before it starts: its options and the device.
struct TrtexecEcho {
  let build: BuildFlags
  let running: RunLimitFlags
  let bench: BenchFlags
  let plugins: [String]

  /// The first and the last line of a run.
  static func banner(_ state: String, _ line: [String]) -> String {
    let digits = Compiler.version.filter { $0 != "." }
    return "&&&& \(state) TensorRT.trtexec [Apus v\(digits)] # \(line.joined(separator: " "))"
  }

  var entries: [LogEntry] {
    (modelOptions + buildOptions + systemOptions + inferenceOptions + reportingOptions + device)
      .map(LogEntry.info)
  }

  private var modelOptions: [String] {
    let isModel = build.onnx != nil
    return [
      "=== Model Options ===", "Format: \(isModel ? "ONNX" : "*")",
      "Model: \(build.onnx ?? "")", "Output:",
    ]
  }

  private var buildOptions: [String] {
    var lines = [
      "=== Build Options ===", "Memory Pools: \(running.memPoolSize ?? "workspace: default")",
      "avgTiming: \(build.averageTiming)", "Precision: as the model declares",
      "Save engine: \(build.saveEngine ?? "")", "Load engine: \(bench.loadEngine ?? "")",
      "Builder optimization level: \(build.level)",
      "timingCacheFile: \(build.timingCache ?? "")",
    ]
    for (name, texts) in [
      ("min", build.minShapes), ("opt", build.optShapes), ("max", build.maxShapes),
    ] {
      for text in texts { lines.append("Input build shapes (\(name)): \(text)") }
    }
    return lines
  }

  private var systemOptions: [String] {
    ["=== System Options ===", "Device: CPU", "CPU threads: \(threads)", "Dynamic Plugins:"]
      + plugins
  }

  private var threads: Int { build.cpuThreads > 0 ? build.cpuThreads : Int(apus_usable_cpus()) }

  private var inferenceOptions: [String] {
    var lines = [
      "=== Inference Options ===", "Batch: Explicit",
      "Iterations: \(bench.iterations)",
      "Duration: \(Terminal.general(bench.duration))s (+ \(Terminal.general(bench.warmUp))ms warm up)",
      "Idle time: \(Terminal.general(bench.idleTime))ms", "Inference Streams: \(bench.streams)",
      "Data transfers: None", "Skip inference: \(enabled(bench.skipInference))", "Inputs:",
    ]
    lines += bench.loadInputs
    if let shapes = bench.shapes { lines.append("Input inference shapes: \(shapes)") }
    return lines
  }

  private var reportingOptions: [String] {
    [
      "=== Reporting Options ===", "Verbose: \(enabled(build.verbose))",
      "Averages: \(bench.averageRuns) inferences", "Percentiles: \(bench.percentile)",
      "Dump output: \(enabled(bench.dumpOutput))", "Profile: \(enabled(bench.dumpProfile))",
      "Export timing to JSON file: \(bench.exportTimes ?? "")",
      "Export output to JSON file: \(bench.exportOutput ?? "")",
      "Export profile to JSON file: \(bench.exportProfile ?? "")", "",
    ]
  }

  private var device: [String] {
    let memory = Double(ProcessInfo.processInfo.physicalMemory) / 1_048_576
    return [
      "=== Device Information ===", "Selected Device: \(Machine.processor)",
      "Instruction set: \(CPUTactics.instructionSet)", "Threads: \(threads)",
      "Memory: \(Int(memory)) MiB", "", "Apus version: \(Compiler.version)",
    ]
  }

  private func enabled(_ flag: Bool) -> String { flag ? "Enabled" : "Disabled" }
}
