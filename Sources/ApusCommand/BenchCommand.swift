internal import Apus
internal import ArgumentParser

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times a model or an engine, with trtexec's flags and summary.",
    discussion: """
      Flags are trtexec's, in upper or lower case. Inputs without data are random; dimensions that \
      nothing fixes are 1.

      Examples:
        apus bench --onnx=resnet50.onnx --shapes=input:1x3x224x224
        apus bench --loadEngine=bert.engine --shapes=input_ids:1x128,attention_mask:1x128 \
      --dumpProfile
        apus bench --onnx=model.onnx --infStreams=2 --cpuThreads=1 --exportTimes=times.json
        apus bench --loadEngine=model.engine --json
      """)

  @OptionGroup var build: BuildFlags
  @OptionGroup var running: RunLimitFlags
  @OptionGroup var plugins: PluginFlags
  @OptionGroup var bench: BenchFlags
  @Flag(help: "Prints the figures as JSON and nothing else.") var json = false

  func run() throws {
    try plugins.load()
    var benchmark = Benchmark(build: build, running: running, flags: bench)
    benchmark.log.isQuiet = json
    let report = try benchmark.run()
    guard json, let report else { return }
    var object = report.json
    object["model"] = .text(bench.loadEngine ?? build.onnx ?? "")
    print(JSON.object(object))
  }
}
