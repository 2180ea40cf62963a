internal import Apus
internal import ArgumentParser

struct TrtexecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trtexec",
    abstract: "Accepts a trtexec command line as it is.",
    discussion: """
      A link named trtexec does the same. Flags that have no effect here are named, each with the \
      reason; flag names may be in upper or lower case.

      Examples:
        apus trtexec --onnx=model.onnx --saveEngine=model.engine --shapes=input:1x3x224x224
        apus trtexec --loadEngine=model.engine --dumpProfile --exportTimes=times.json
        ln -s $(which apus) trtexec && ./trtexec --onnx=model.onnx
      """)

  @OptionGroup var build: BuildFlags
  @OptionGroup var running: RunLimitFlags
  @OptionGroup var bench: BenchFlags
  @OptionGroup var plugins: PluginFlags

  func run() throws {
    try plugins.load()
    let benchmark = Benchmark(build: build, running: running, flags: bench)
    TrtexecEcho(build: build, running: running, bench: bench, plugins: plugins.plugins).entries
      .forEach(benchmark.log.write)
    _ = try benchmark.run()
  }
}
