internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct SurgeonSetShapes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set-shapes",
    abstract: "Declares shapes of inputs, outputs and other values.",
    discussion: """
      Only declarations change; sanitize --override-input-shapes also clears what may not hold any \
      more. An extent may be a number, a name, or ? for one that is not known.

      Examples:
        apus surgeon set-shapes model.onnx x:[batch,3,224,224] y:[batch,1000] -o dynamic.onnx
        apus surgeon set-shapes model.onnx x:[1,3,224,224]:float32 -o fixed.onnx
      """)

  @Argument(help: "The model.") var model: String
  @Argument(help: "Values with shapes, as NAME:[batch,128] or NAME:[1,128]:int64.")
  var shapes: [String]
  @OptionGroup var flags: SurgeonFlags

  func run() throws {
    let items = try ValueNotation.parse(shapes)
    for item in items where item.shape == nil && item.element == nil {
      throw ApusError(
        .invalidInput, "'\(item.name)' is given neither a shape nor an element type",
        hint: "write \(item.name):[batch,128]")
    }
    var file = try SurgeonFile(model, flags)
    try file.edit { (editor) throws(ImportError) in try editor.setShapes(items) }
    try file.finish()
  }
}
