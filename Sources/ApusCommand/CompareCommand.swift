internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import ArgumentParser

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two models or engines on the same inputs, layer by layer.",
    discussion: """
      Without B, A as it is optimised is compared with the reference evaluator. Values are compared \
      by name; those that a fusion swallowed are skipped. A value differs where an element strays \
      by more than atol + rtol x the largest magnitude expected.
      Exit code: 0 outputs agree, 4 they differ.

      Examples:
        apus compare model.onnx
        apus compare model.engine model.onnx --shapes input:1x3x224x224
        apus compare model.engine model.onnx --reference --inputs inputs/
      """)

  @Argument(help: "An ONNX model or an engine.") var a: String
  @OptionGroup var plugins: PluginFlags
  @Argument(help: "What it is compared with; the reference evaluation of A where missing.")
  var b: String?
  @Flag(help: "Evaluates B by the reference evaluator in place of its kernels.")
  var reference = false
  @Option(help: "A folder or a .npz file with inputs; random ones where missing.")
  var inputs: String?
  @Option(help: "Input shapes, as NAME:1x3x224x224,NAME2:1x8.") var shapes: String?
  @Option(help: "Relative tolerance.") var rtol = 1e-3
  @Option(help: "Absolute tolerance.") var atol = 1e-6
  @Option(help: "Rows of the error table.") var rows = 10
  @Option(
    name: [.customLong("threads"), .customLong("cpuThreads")],
    help: "Threads; 0 takes every processor.")
  var threads = 0
  @OptionGroup var limits: LimitFlags
  @Flag(help: "Prints every value's comparison as JSON.") var json = false

  func run() throws {
    try plugins.load()
    let first = try Models.engine(a, threads: threads, limits.reading)
    let second = try b.map { try Models.engine($0, threads: threads, limits.reading) } ?? first
    let isReference = reference || b == nil
    let values = try feeds(first)
    var recording = Recording()
    let expected = try run(second, values, isReference, b ?? a) { recording.add($0, $1, $2) }
    var comparisons = ValueComparisons(tolerance: .scaled(relative: rtol, absolute: atol))
    let found = try run(first, values, false, a) { comparisons.add($0, $1, $2, recording) }
    for output in first.outputs {
      guard let want = expected[output.name], let have = found[output.name] else {
        throw ApusError(
          .invalidInput, "there is no output '\(output.name)' to compare with", location: b)
      }
      comparisons.addOutput(output.name, have, want)
    }
    let names = (a, (b ?? a) + (isReference ? " (reference)" : ""))
    if json { print(comparisons.json(names)) } else { print(comparisons.text(names, rows: rows)) }
    if recording.isIncomplete {
      Terminal.error("note: values beyond \(MemorySize.text(Recording.limit)) were not compared")
    }
    guard comparisons.outputsAgree else {
      throw ApusError(.mismatch, "outputs differ", location: a)
    }
  }

  private func feeds(_ engine: Engine) throws -> [String: HostTensor] {
    if let inputs {
      return try TensorFolder.read(inputs, .input, names: engine.inputs.map(\.name)).values
    }
    var flags = BenchFlags()
    flags.shapes = shapes
    flags.loadInputs = []
    flags.useProfile = 0
    var log = Log()
    log.isQuiet = true
    let tensors = try BenchmarkInputs(engine, flags, log).values
    return Dictionary(zip(engine.inputs.map(\.name), tensors), uniquingKeysWith: { $1 })
  }

  /// Runs an engine or its source's reference evaluation, and shows every node's values.
  private func run(
    _ engine: Engine, _ inputs: [String: HostTensor], _ isReference: Bool, _ path: String,
    observe: (Graph, Node, [HostTensor]) -> Void
  ) throws(ApusError) -> [String: HostTensor] {
    let bounds = try limits.limits()
    let progress = Progress()
    defer { progress.finish() }
    let graph = isReference ? engine.source : engine.plan.graph
    let count = graph.order.count
    var done = 0
    return try withoutActuallyEscaping(observe) { observe throws(ApusError) in
      let step = { (node: Node, results: [HostTensor]) in
        done += 1
        progress.report(isReference ? "evaluating" : "running", done, count)
        observe(graph, node, results)
      }
      if isReference {
        do throws(EvaluationFailure) {
          return try ReferenceEvaluator(graph).run(
            named: inputs, EvaluationContext(bounds), observer: step)
        } catch { throw Models.boundary(error, path) }
      }
      var options = Session.RunOptions()
      options.observer = step
      do throws(RuntimeError) {
        return try engine.makeSession(SessionOptions(bounds)).run(inputs, options)
      } catch { throw Models.boundary(error, path) }
    }
  }
}
