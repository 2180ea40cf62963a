internal import Apus
internal import ApusBuilder
internal import ApusRuntime
internal import ApusTensor
internal import ArgumentParser
internal import Foundation

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a model or an engine on inputs from files.",
    discussion: """
      Inputs are a folder with NAME.npy for each input, or input_0.pb … as the ONNX suite has them, or
      a .npz file; outputs take the same form. Exit code 0 fine, 2 bad input, 3 not supported,
      4 mismatch.

      Examples:
        apus run model.onnx --inputs in/ --outputs out/
        apus run model.engine --inputs in.npz --outputs out.npz
        apus run model.onnx --inputs in/ --outputs out/ --reference expected/ --rtol 1e-3
      """)

  @Argument(help: "An ONNX model or an engine.") var model: String
  @Option(help: "A folder or a .npz file with the inputs.") var inputs: String
  @Option(help: "A folder or a .npz file for the outputs.") var outputs: String?
  @Option(help: "A folder or a .npz file with expected outputs to compare with.")
  var reference: String?
  @Option(help: "Relative tolerance of the comparison.") var rtol = 1e-3
  @Option(help: "Absolute tolerance of the comparison.") var atol = 1e-5
  @Option(help: "Threads; 0 takes every processor.") var threads = 0
  @Flag(help: "Save the model as an engine and run what is loaded back.") var viaEngine = false

  mutating func run() throws {
    let engine = try Models.engine(model, threads: threads, viaEngine: viaEngine)
    let (values, form) = try TensorFolder.read(inputs, names: engine.inputs.map(\.name))
    let results: [String: HostTensor]
    do { results = try engine.makeSession().run(values) } catch { throw Models.boundary(error, model) }
    let ordered = engine.outputs.compactMap { output in
      results[output.name].map { NumPyArchive.Member(name: output.name, tensor: $0) }
    }
    if let outputs { try TensorFolder.write(ordered, to: outputs, form: form) }
    if let reference {
      try compare(ordered, with: reference)
    } else if outputs == nil {
      for value in ordered { print("\(value.name): \(value.tensor.type)") }
    }
  }

  private func compare(_ values: [NumPyArchive.Member], with path: String) throws {
    let expected = try TensorFolder.read(path, names: values.map(\.name), stem: "output").values
    var failures: [String] = []
    for value in values {
      let (name, tensor) = (value.name, value.tensor)
      guard let want = expected[name] else {
        throw ApusError(.invalidInput, "there is no expected output '\(name)'", location: path)
      }
      let result = Comparison(found: tensor, expected: want, rtol: rtol, atol: atol)
      print("\(name): \(result)")
      if !result.agrees { failures.append(name) }
    }
    guard failures.isEmpty else {
      throw ApusError(.mismatch, "outputs differ: \(failures.joined(separator: ", "))")
    }
  }
}

/// How two tensors compare.
struct Comparison: CustomStringConvertible {
  let agrees: Bool
  let description: String
  let largestDifference: Double

  init(found: HostTensor, expected: HostTensor, rtol: Double, atol: Double) {
    guard found.element == expected.element, found.shape == expected.shape else {
      agrees = false
      largestDifference = .infinity
      description = "DIFFERS: \(found.type), expected \(expected.type)"
      return
    }
    guard let a = try? found.reals(), let b = try? expected.reals() else {
      agrees = found.packedBytes == expected.packedBytes
      largestDifference = agrees ? 0 : .infinity
      description = agrees ? "equal" : "DIFFERS"
      return
    }
    var worst = 0.0
    var outside = 0
    var nonFinite = 0
    for (x, y) in zip(a, b) {
      if !x.isFinite { nonFinite += 1 }
      if x == y || x.isNaN && y.isNaN { continue }
      let difference = (x - y).magnitude
      worst = max(worst, difference.isNaN ? .infinity : difference)
      if !(difference <= atol + rtol * y.magnitude) { outside += 1 }
    }
    agrees = outside == 0
    largestDifference = worst
    var text = agrees ? "agrees" : "DIFFERS in \(outside) of \(a.count) elements"
    text += ", largest difference \(worst)"
    if nonFinite > 0 { text += ", \(nonFinite) NaN or infinite" }
    description = text
  }
}
