internal import Apus
internal import ApusIR
internal import ApusONNX
internal import ArgumentParser

struct TryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try",
    abstract: "One page about a model: can it run, how fast, how right, and what to type next.",
    discussion: """
      Builds without and with tuning, runs both on random inputs and compares with the reference \
      evaluation where that does not take too long. Nothing is written.
      Exit code: 0 it runs, 2 the model is wrong, 3 something in it is not supported, 4 results \
      differ from the reference.

      Examples:
        apus try model.onnx
        apus try model.onnx --shapes=ids:1x128 --tuning 60
        apus try model.onnx --json
      """)

  @Argument(help: "An ONNX model.") var model: String
  @OptionGroup var plugins: PluginFlags
  @Option(help: "Input shapes, as NAME:1x3x224x224,NAME2:1x8; open dimensions are 1 elsewhere.")
  var shapes: String?
  @Option(help: "Seconds that tuning may take; 0 leaves it out.") var tuning = 20.0
  @Option(
    name: [.customLong("threads"), .customLong("cpuThreads")],
    help: "Threads; 0 takes every processor.")
  var threads = 0
  @OptionGroup var limits: LimitFlags
  @Flag(help: "Prints the page as JSON.") var json = false

  func run() throws {
    try plugins.load()
    try Models.exists(model)
    guard !Compiler.isEngineFile(model) else {
      throw ApusError(
        .invalidInput, "this is an engine", location: model,
        hint: "apus bench --loadEngine=\(model) times it, apus inspect shows it")
    }
    let options = try limits.importOptions()
    let check = ModelCheck(try Models.file(model, options), options: options)
    let refused = check.hasErrors || check.hasUnsupported
    var page = TrialPage(path: model, check: check)
    if !refused {
      page.trial = try Trial(
        model, shapes: shapes, tuning: tuning, threads: threads, options)
    }
    if json { print(page.json) } else { print(page.text) }
    guard !refused else {
      throw ApusError(
        check.hasErrors ? .invalidInput : .unsupported, "the model cannot run yet",
        location: model, hint: "apus check \(model) tells everything that is in the way")
    }
    if case .compared(let rows)? = page.trial?.agreement, rows.contains(where: { !$0.agrees }) {
      throw ApusError(
        .mismatch, "results differ from the reference", location: model,
        hint: "apus compare \(model) finds the first value that does")
    }
  }
}
