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
