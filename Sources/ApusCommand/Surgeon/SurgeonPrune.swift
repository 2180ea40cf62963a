internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct SurgeonPrune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Takes outputs away, or nodes out.",
    discussion: """
      What computed only a removed output goes with it. In place of a removed node its readers get \
      the node's first input.

      Examples:
        apus surgeon prune model.onnx --outputs aux_logits -o out.onnx
        apus surgeon prune model.onnx --nodes Dropout_12 -o out.onnx
      """)

  @Argument(help: "The model.") var model: String
  @Option(parsing: .upToNextOption, help: "Outputs to take away.") var outputs: [String] = []
  @Option(parsing: .upToNextOption, help: "Nodes to take out.") var nodes: [String] = []
  @OptionGroup var flags: SurgeonFlags

  func run() throws {
    guard !outputs.isEmpty || !nodes.isEmpty else {
      throw ApusError(
        .invalidInput, "nothing to remove was given", hint: "add --outputs NAME or --nodes NAME")
    }
    var file = try SurgeonFile(model, flags)
    let (outputs, nodes) = (outputs, nodes)
    let summary = try file.edit { (editor) throws(ImportError) in
      try editor.bypass(nodes)
      guard !outputs.isEmpty else { return CleanupSummary() }
      try editor.removeOutputs(outputs)
      return try editor.cleanUp()
    }
    if !outputs.isEmpty {
      file.report(
        "removed \(summary.nodes) nodes and \(summary.initializers) initializers that no output "
          + "depends on")
    }
    try file.finish()
  }
}
