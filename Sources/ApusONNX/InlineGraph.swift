internal import ApusIR
internal import ApusONNXSchema

/// Graph attributes that run exactly once: their nodes join the graph around them.
enum InlineGraph {
  /// Imports the nodes of `proto` for operands and returns its outputs. `label` tells apart the graphs
  /// of one node.
  static func run(
    _ context: NodeContext, _ proto: Onnx_GraphProto, _ operands: [ValueID], label: String
  ) throws(ImportError) -> [ValueID] {
    guard proto.input.count == operands.count else {
      throw .invalid(
        "the graph '\(proto.name)' has \(proto.input.count) inputs, the node gives "
          + "\(operands.count)", .attribute(label))
    }
    let state = context.state
    try BodyImporter.check(depth: state.bodyDepth, state.options.limits)
    state.bodyDepth += 1
    state.functionDepth += 1
    defer {
      state.bodyDepth -= 1
      state.functionDepth -= 1
    }
    var scope = context.scope
    scope.prefix = "\(context.name)/\(label)/"
    // The graph's own names hide those around it.
    let own =
      proto.input.map(\.name) + proto.initializer.map(\.name)
      + proto.sparseInitializer.map(\.values.name) + proto.node.flatMap(\.output)
    for name in own { scope.values[name] = nil }
    for (input, operand) in zip(proto.input, operands) { try scope.define(input.name, operand) }
    for tensor in proto.initializer { try scope.define(tensor, state) }
    for tensor in proto.sparseInitializer { try scope.define(tensor, state) }
    for node in proto.node { try NodeImporter.run(node, in: &scope, state) }
    var results: [ValueID] = []
    for output in proto.output {
      guard let value = scope.values[output.name] ?? nil else {
        throw .invalid(
          "no node of the graph computes its output '\(output.name)'", .attribute(label))
      }
      results.append(value)
    }
    return results
  }
}
