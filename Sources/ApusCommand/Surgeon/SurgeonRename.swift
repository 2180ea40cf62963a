internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct SurgeonRename: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rename",
    abstract: "Renames values and nodes.",
    discussion: """
      Example:
        apus surgeon rename model.onnx --values input.1=image 495=logits --nodes Conv_0=stem \
      -o renamed.onnx
      """)

  @Argument(help: "The model.") var model: String
  @Option(parsing: .upToNextOption, help: "Inputs, outputs and other values, as OLD=NEW.")
  var values: [String] = []
  @Option(parsing: .upToNextOption, help: "Nodes, as OLD=NEW.") var nodes: [String] = []
  @OptionGroup var flags: SurgeonFlags

  func run() throws {
    let newValues = try Self.pairs(values)
    let newNodes = try Self.pairs(nodes)
    guard !newValues.isEmpty || !newNodes.isEmpty else {
      throw ApusError(
        .invalidInput, "no new name was given", hint: "add --values OLD=NEW or --nodes OLD=NEW")
    }
    var file = try SurgeonFile(model, flags)
    try file.edit { (editor) throws(ImportError) in
      try editor.renameNodes(newNodes)
      try editor.renameValues(newValues)
    }
    try file.finish()
  }

  private static func pairs(_ texts: [String]) throws(ApusError) -> [String: String] {
    var pairs: [String: String] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw ApusError(.invalidInput, "cannot read '\(text)'", hint: "write OLD=NEW")
      }
      guard pairs.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
        throw ApusError(.invalidInput, "'\(parts[0])' is renamed twice")
      }
    }
    return pairs
  }
}
