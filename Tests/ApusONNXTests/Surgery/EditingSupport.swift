internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor
internal import Testing

@testable import ApusONNX

extension ModelBuilder {
  /// An editor of the model as it would lie in a file.
  func editor() throws -> ModelEditor {
    ModelEditor(try ModelFile(ByteRange(copying: serialized())))
  }

  /// Both branches of an If that adds two values of the graph around it.
  static func branches(adding left: String, _ right: String) -> [Onnx_AttributeProto] {
    var body = Onnx_GraphProto()
    body.name = "body"
    body.node = [node("Add", [left, right], ["r"])]
    body.output = [value("r", .float32, nil)]
    return ["then_branch", "else_branch"].map { name in
      var branch = Onnx_AttributeProto()
      branch.name = name
      branch.type = .graph
      branch.g = body
      return branch
    }
  }
}

extension ModelEditor {
  var operations: [String] { model.graph.node.map(\.opType) }

  func initializer(_ name: String) throws -> HostTensor {
    let proto = try #require(model.graph.initializer.first { $0.name == name })
    return try tensors.decode(proto)
  }

  /// Runs the model on the reference evaluator, written and read back.
  func run(_ inputs: [HostTensor]) throws -> [HostTensor] {
    let bytes = try assembly().bytes
    let graph = try ONNXImporter.run(ModelFile(try ByteRange(copying: bytes))).graph
    return try ReferenceEvaluator(graph).run(inputs)
  }

  /// What an edit reports.
  mutating func failure(_ edit: (inout ModelEditor) throws -> Void) -> String {
    do {
      try edit(&self)
      return "no error"
    } catch { return "\(error)" }
  }
}
