internal import Apus
internal import ApusONNX
internal import ApusTensor
internal import ArgumentParser

struct SurgeonInsert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "insert",
    abstract: "Makes values outputs, or puts a node in.",
    discussion: """
      Without --op the values of --outputs become outputs of the model. With --op a node is put in; \
      where an output's name exists already the new node takes over from what made it.

      Examples:
        apus surgeon insert model.onnx --outputs hidden:auto -o probed.onnx
        apus surgeon insert model.onnx --op Clip --inputs x lo hi --outputs x_clipped -o out.onnx
        apus surgeon insert model.onnx --op Softmax --inputs logits --outputs probabilities \
      --attrs axis=-1 -o out.onnx
      """)

  @Argument(help: "The model.") var model: String
  @Option(parsing: .upToNextOption, help: "New outputs, or the node's outputs.")
  var outputs: [String] = []
  @Option(parsing: .upToNextOption, help: "The node's inputs.") var inputs: [String] = []
  @Option(help: "The node's operator; DOMAIN.NAME for other domains than ONNX's.") var op: String?
  @Option(help: "The node's name.") var name: String?
  @Option(
    parsing: .upToNextOption,
    help: "The node's attributes, as NAME=1, NAME=1.5, NAME=text or NAME=[1,2].")
  var attrs: [String] = []
  @OptionGroup var flags: SurgeonFlags

  func run() throws {
    guard !outputs.isEmpty else {
      throw ApusError(.invalidInput, "no outputs were given", hint: "add --outputs NAME:auto")
    }
    var file = try SurgeonFile(model, flags)
    guard let op else {
      let items = try ValueNotation.parse(outputs)
      try file.edit { (editor) throws(ImportError) in try editor.addOutputs(items) }
      return try file.finish()
    }
    var path = op.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let operation = path.removeLast()
    guard !operation.isEmpty else {
      throw ApusError(.invalidInput, "--op \(op) names no operator")
    }
    var node = NodeSpecification(operation: operation, inputs: inputs, outputs: outputs)
    node.domain = path.joined(separator: ".")
    node.name = name ?? ""
    for attribute in attrs {
      let parts = attribute.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw ApusError(.invalidInput, "cannot read '\(attribute)'", hint: "write NAME=VALUE")
      }
      node.attributes.append((String(parts[0]), Self.value(String(parts[1]))))
    }
    let item = node
    try file.edit { (editor) throws(ImportError) in try editor.insert(item) }
    try file.finish()
  }

  private static func value(_ text: String) -> NodeSpecification.Attribute {
    if text.hasPrefix("["), text.hasSuffix("]") {
      let parts = text.dropFirst().dropLast().split(separator: ",").map(\.trimmed)
      let integers = parts.compactMap { Int($0) }
      if integers.count == parts.count { return .integers(integers) }
      let reals = parts.compactMap { Double($0) }
      return reals.count == parts.count ? .reals(reals) : .texts(parts)
    }
    if let number = Int(text) { return .integer(number) }
    return Double(text).map { .real($0) } ?? .text(text)
  }
}
