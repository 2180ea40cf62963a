internal import Apus
internal import ApusONNX
internal import ArgumentParser
internal import Foundation

struct MaterializeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "materialize",
    abstract: "Fills a weightless model with deterministic weights.",
    discussion: """
      Weights without data whose documentation holds a recipe (gen:normal MEAN DEVIATION KEY) are \
      generated; everything else stays byte for byte as it is.

      Examples:
        apus materialize resnet50.graph.onnx resnet50.onnx
        apus materialize resnet50.graph.onnx resnet50.onnx --json
      """)

  @Argument(help: "The model without weights.") var model: String
  @Argument(help: "Where to write the model with weights.") var output: String
  @Flag(help: "Prints what was generated as JSON.") var json = false

  func run() throws {
    try Models.exists(model)
    let progress = Progress()
    defer { progress.finish() }
    let summary: Materializer.Summary
    do {
      summary = try Materializer.materialize(input: model, output: output) { done, total in
        progress.report("generating weights", done >> 20, max(total >> 20, 1))
      }
    } catch {
      throw ApusError(
        error.isUnsupported ? .unsupported : .invalidInput, error.description, location: model)
    }
    progress.finish()
    let checksum = String(format: "%08x", summary.checksum)
    if json {
      print(
        JSON.object([
          "tensors": .integer(summary.tensors), "generatedBytes": .integer(summary.generatedBytes),
          "fileBytes": .integer(summary.fileBytes), "crc32": .text(checksum),
        ]))
      return
    }
    print(
      "\(output): \(summary.tensors) tensors, \(MemorySize.text(summary.generatedBytes)) generated "
        + "(CRC-32 \(checksum)), \(MemorySize.text(summary.fileBytes)) in all")
  }
}
