internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct SurgeonExtract: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "extract",
    abstract: "Cuts out the part of a model between some inputs and outputs.",
    discussion: """
      Any value may become an input or an output. auto takes shape and element type from the model. \
      Without --inputs the model's own inputs stay, without --outputs likewise.

      Examples:
        apus surgeon extract model.onnx --outputs encoder_out:auto -o encoder.onnx
        apus surgeon extract model.onnx --inputs hidden:[1,128,768]:float32 mask:auto:auto \
      --outputs logits:auto -o head.onnx
      """)

  @Argument(help: "The model.") var model: String
  @Option(
    parsing: .upToNextOption, help: "New inputs, as NAME:[1,3,224,224]:float32 or NAME:auto:auto.")
  var inputs: [String] = []
  @Option(parsing: .upToNextOption, help: "New outputs, as NAME:auto or NAME:float32.")
  var outputs: [String] = []
  @OptionGroup var flags: SurgeonFlags

  func run() throws {
    guard !inputs.isEmpty || !outputs.isEmpty else {
      throw ApusError(
        .invalidInput, "neither inputs nor outputs were given",
        hint: "add --inputs NAME:auto:auto or --outputs NAME:auto")
    }
    let newInputs = try ValueNotation.parse(inputs)
    let newOutputs = try ValueNotation.parse(outputs)
    var file = try SurgeonFile(model, flags)
    try file.edit { (editor) throws(ImportError) in
      try editor.extract(inputs: newInputs, outputs: newOutputs)
    }
    file.report("inputs", .texts(file.editor.inputNames))
    file.report("outputs", .texts(file.editor.outputNames))
    try file.finish()
  }
}
