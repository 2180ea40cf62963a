internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a model or an engine on inputs from files.",
    discussion: """
      Inputs and outputs are a folder with NAME.npy per tensor, a folder with input_0.pb … as the \
      ONNX suite has them, or a .npz file. An ONNX model is built at level 0, which times nothing.
      Exit code: 0 fine, 2 bad input, 3 not supported, 4 outputs differ from the reference.

      Examples:
        apus run model.onnx --inputs inputs/ --outputs outputs/
        apus run model.engine --inputs inputs.npz --outputs outputs.npz
        apus run model.onnx --inputs case/ --reference case/ --rtol 1e-3
      """)

  @Argument(help: "An ONNX model or an engine.") var model: String
  @Option(help: "A folder or a .npz file with the inputs.") var inputs: String
  @Option(help: "A folder or a .npz file for the outputs.") var outputs: String?
  @Option(help: "A folder or a .npz file with expected outputs to compare with.")
  var reference: String?
  @Option(help: "Relative tolerance of the comparison.") var rtol = 1e-3
  @Option(help: "Absolute tolerance of the comparison.") var atol = 1e-5
  @Option(
    name: [.customLong("threads"), .customLong("cpuThreads")],
    help: "Threads; 0 takes every processor.")
  var threads = 0
  @OptionGroup var limits: LimitFlags
  @OptionGroup var plugins: PluginFlags
  @Flag(help: "Save the model as an engine and run what is loaded back.") var viaEngine = false
  @Flag(help: "Prints the outputs' types and comparisons as JSON.") var json = false

  func run() throws {
    try plugins.load()
    let options = SessionOptions(try limits.limits())
    let engine = try Models.engine(model, threads: threads, limits.reading, viaEngine: viaEngine)
    let (values, form) = try TensorFolder.read(inputs, .input, names: engine.inputs.map(\.name))
    let results: [String: HostTensor]
    do { results = try engine.makeSession(options).run(values) } catch {
      throw Models.boundary(error, model)
    }
    let ordered = engine.outputs.compactMap { output in
      results[output.name].map { (name: output.name, tensor: $0) }
    }
    if let outputs { try TensorFolder.write(ordered, to: outputs, form: form) }
    try report(ordered)
  }

  private func report(_ outputs: [(name: String, tensor: HostTensor)]) throws {
    var expected: [String: HostTensor] = [:]
    if let reference {
      expected = try TensorFolder.read(reference, .output, names: outputs.map(\.name)).values
    }
    var rows: [JSON] = []
    var different: [String] = []
    for (name, tensor) in outputs {
      var row: [String: JSON] = ["name": .text(name), "type": .text("\(tensor.type)")]
      var line = "\(name): \(tensor.type)"
      if let want = expected[name] {
        let comparison = Comparison(
          found: tensor, expected: want, tolerance: .elementwise(relative: rtol, absolute: atol))
        row.merge(comparison.json) { _, new in new }
        line += " \(comparison)"
        if !comparison.agrees { different.append(name) }
      }
      rows.append(.object(row))
      if !json, reference != nil || self.outputs == nil { print(line) }
    }
    if json { print(JSON.object(["outputs": .list(rows)])) }
    guard different.isEmpty else {
      throw ApusError(
        .mismatch, "outputs differ from the reference: \(different.joined(separator: ", "))",
        location: reference)
    }
  }
}
