internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Imports a main graph: inputs, weights, nodes, outputs.
struct GraphImporter {
  let state: ImportState
  let opsets: [String: Int]

  func run(_ proto: Onnx_GraphProto) throws(ImportError) {
    var scope = Scope(opsets: opsets)
    var constants: Set<String> = []
    for tensor in proto.initializer { constants.insert(tensor.name) }
    for tensor in proto.sparseInitializer { constants.insert(tensor.values.name) }
    // Up to IR version 3, initializers are listed among the inputs as well.
    var symbols = SymbolNames(proto)
    for input in proto.input where !constants.contains(input.name) {
      let type = try ValueTypes.value(input, symbols: &symbols)
      try scope.define(input.name, state.graph.addInput(input.name, type))
    }
    for tensor in proto.initializer { try scope.define(tensor, state) }
    for tensor in proto.sparseInitializer { try scope.define(tensor, state) }
    for node in proto.node { try NodeImporter.run(node, in: &scope, state) }
    try checkElements(proto, scope)
    for output in proto.output {
      guard let value = scope.values[output.name] ?? nil else {
        throw .invalid("no node computes the graph output '\(output.name)'", .output(output.name))
      }
      state.graph.addOutput(output.name, try unwrapped(value, output))
    }
    guard !proto.output.isEmpty else { throw .invalid("the graph has no outputs") }
  }

  /// What the model declares as no optional is taken out of it: a loop's state may begin as one.
  private func unwrapped(
    _ value: ValueID, _ output: Onnx_ValueInfoProto
  ) throws(ImportError) -> ValueID {
    switch (state.graph.valueType(value), output.type.value) {
    case (.optional, .tensorType), (.optional, .sequenceType), (.optional, .mapType):
      do {
        let results = try state.graph.append(OptionalGet(), [value], name: output.name)
        return results.first ?? value
      } catch { throw .invalid("\(error)", .output(output.name)) }
    default: return value
    }
  }

  /// Declared element types must be those that follow from the operators. Declared shapes are not
  /// relied on: exporters often write those of the example input.
  private func checkElements(_ proto: Onnx_GraphProto, _ scope: Scope) throws(ImportError) {
    for info in proto.valueInfo + proto.output {
      guard case .tensorType(let type)? = info.type.value,
        let declared = ElementType(onnx: type.elemType), let value = scope.values[info.name] ?? nil,
        state.graph.valueType(value).isTensor
      else { continue }
      let found = state.graph.type(value).element
      guard declared == found else {
        throw .invalid(
          "it is declared as \(declared.name), its node computes \(found.name)",
          .output(info.name))
      }
    }
  }
}
