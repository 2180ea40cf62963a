internal import Apus
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ArgumentParser

struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Compiles an ONNX model into an engine file.",
    discussion: """
      Flags are trtexec's, in upper or lower case.

      Examples:
        apus build --onnx=resnet50.onnx --saveEngine=resnet50.engine
        apus build --onnx=bert.onnx --saveEngine=bert.engine --optShapes=input_ids:1x128
        apus build --onnx=model.onnx --saveEngine=m.engine --timingCacheFile=timings.txt
        apus build --onnx=model.onnx --saveEngine=m.engine --disablePass=epilogue-fusion
      """)

  @OptionGroup var build: BuildFlags
  @OptionGroup var plugins: PluginFlags
  @Flag(help: "Prints the build report as JSON.") var json = false

  func run() throws {
    try plugins.load()
    guard let path = build.onnx else {
      throw ApusError(.invalidInput, "no model was given", hint: "add --onnx=model.onnx")
    }
    try build.check()
    try Models.writable(build.saveEngine)
    let result = try Self.build(try Models.onnx(path, build.limits).graph, build, shapes: nil)
    if let path = build.saveEngine { try Compiler.save(result.engine, to: path) }
    if json {
      print(ReportText.json(result.report))
      return
    }
    print(ReportText.summary(result.report, verbose: build.verbose))
    if let path = build.saveEngine {
      print("saved \(path) (\(MemorySize.text(Models.fileSize(path) ?? 0)))")
    } else {
      print("nothing saved; --saveEngine=FILE keeps the engine")
    }
  }

  static func build(
    _ graph: Graph, _ flags: BuildFlags, shapes: String?
  ) throws(ApusError) -> BuildResult {
    try Models.build(graph, try flags.options(graph, shapes: shapes))
  }
}
