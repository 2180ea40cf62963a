internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Imports one node: an operator of the table, or a call of a model-local function.
enum NodeImporter {
  static func run(
    _ node: Onnx_NodeProto, in scope: inout Scope, _ state: ImportState
  ) throws(ImportError) {
    let domain = ONNXImporter.normalize(domain: node.domain)
    let fallback = node.output.first { !$0.isEmpty } ?? node.opType
    let name =
      scope.qualified(node.name.isEmpty ? fallback : node.name) ?? "node.\(state.nodeCount)"
    let location = ImportError.Location(
      node: name, operation: node.opType, domain: domain, opset: scope.opsets[domain] ?? 0)
    do {
      try state.countNode()
      let operands = try operands(of: node, scope)
      let key = ImportState.FunctionKey(
        domain: domain, name: node.opType, overload: node.overload)
      let results: [ValueID?]
      if let function = state.functions[key] {
        results = try FunctionExpansion.run(
          function, key: key, call: node, named: name, operands, in: scope, state)
      } else {
        results = try operation(node, domain: domain, name: name, operands, scope, state)
      }
      try bind(results, to: node.output, in: &scope, state)
    } catch {
      throw error.at(location, functions: scope.functions.map(\.name))
    }
  }

  private static func operands(
    of node: Onnx_NodeProto, _ scope: Scope
  ) throws(ImportError) -> [ValueID?] {
    var operands: [ValueID?] = []
    for input in node.input {
      if input.isEmpty {
        operands.append(nil)
        continue
      }
      guard let value = scope.values[input] else {
        throw .invalid("no earlier node, input or initializer defines it", .operand(input))
      }
      operands.append(value)
    }
    while case .some(nil) = operands.last { operands.removeLast() }
    return operands
  }

  private static func operation(
    _ node: Onnx_NodeProto, domain: String, name: String, _ operands: [ValueID?], _ scope: Scope,
    _ state: ImportState
  ) throws(ImportError) -> [ValueID?] {
    let custom = state.options.custom.find(domain: domain, name: node.opType)
    let known =
      custom.map(CustomNode.importer) ?? OperatorTable.find(domain: domain, name: node.opType)
    guard let importer = known else {
      let names = OperatorTable.names(in: domain) + state.options.custom.names(in: domain)
      let nearest = Spelling.nearest(to: node.opType, among: names).prefix(3)
      throw ImportError(.unsupportedOperator(nearest: Array(nearest)))
    }
    guard let opset = scope.opsets[domain] else {
      throw .invalid("the model imports no operator set '\(domain)'")
    }
    guard opset >= importer.since else {
      throw .invalid("the operator exists since opset \(importer.since)")
    }
    let context = NodeContext(
      state: state, scope: scope, name: name, opset: opset, operands: operands,
      outputs: node.output)
    let attributes = try FunctionExpansion.substitute(node.attribute, scope)
    var reader = try AttributeReader(attributes, tensors: state.tensors)
    let results = try importer.run(context, &reader)
    try reader.finish()
    return results
  }

  private static func bind(
    _ results: [ValueID?], to outputs: [String], in scope: inout Scope, _ state: ImportState
  ) throws(ImportError) {
    for (index, output) in outputs.enumerated() where !output.isEmpty {
      guard index < results.count else {
        throw .invalid("the node lists \(outputs.count) outputs, the operator has \(results.count)")
      }
      guard let value = results[index] else {
        throw .unsupported("this output is not computed", .output(output))
      }
      try scope.define(output, value)
      let definition = state.graph[value].definition
      if case .node = definition, state.graph[value].name.isEmpty {
        state.graph[value].name = scope.qualified(output) ?? ""
      }
    }
  }
}
