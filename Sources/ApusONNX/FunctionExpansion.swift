internal import ApusIR
internal import ApusONNXSchema
internal import ApusTensor

/// Calls of model-local functions, replaced by the functions' bodies.
/// Source: ONNX IR specification, "Functions".
enum FunctionExpansion {
  static func run(
    _ function: Onnx_FunctionProto, key: ImportState.FunctionKey, call: Onnx_NodeProto,
    named name: String, _ operands: [ValueID?], in caller: Scope, _ state: ImportState
  ) throws(ImportError) -> [ValueID?] {
    guard !caller.functions.contains(key) else {
      throw .invalid("function '\(key.name)' calls itself")
    }
    let limit = state.options.limits.functionDepth
    guard caller.functions.count < limit else {
      throw .unsupported(
        "functions nested more than \(limit) deep; raise the limit with --functionDepthLimit=N")
    }
    guard operands.count <= function.input.count else {
      throw .invalid(
        "function '\(key.name)' has \(function.input.count) inputs, the call \(operands.count)")
    }
    var opsets = try ONNXImporter.opsets(function.opsetImport, irVersion: 8)
    if opsets.isEmpty { opsets = caller.opsets }
    var scope = Scope(opsets: opsets)
    scope.prefix = name + "/"
    scope.functions = caller.functions + [key]
    for (index, input) in function.input.enumerated() {
      try scope.define(input, index < operands.count ? operands[index] : nil)
    }
    for attribute in function.attributeProto { scope.attributes[attribute.name] = attribute }
    for attribute in try substitute(call.attribute, caller) {
      guard
        function.attribute.contains(attribute.name)
          || scope.attributes[attribute.name] != nil
      else { throw .invalid("the function has no such attribute", .attribute(attribute.name)) }
      scope.attributes[attribute.name] = attribute
    }
    state.functionDepth += 1
    defer { state.functionDepth -= 1 }
    for node in function.node { try NodeImporter.run(node, in: &scope, state) }
    var results: [ValueID?] = []
    for output in function.output {
      guard let value = scope.values[output] else {
        throw .invalid("function '\(key.name)' does not compute its output '\(output)'")
      }
      results.append(value)
    }
    return results
  }

  /// Replaces references to the function's attributes by the call's values; references to what the
  /// call leaves out disappear.
  static func substitute(
    _ attributes: [Onnx_AttributeProto], _ scope: Scope
  ) throws(ImportError) -> [Onnx_AttributeProto] {
    var result: [Onnx_AttributeProto] = []
    for attribute in attributes {
      if attribute.refAttrName.isEmpty {
        result.append(attribute)
        continue
      }
      guard !scope.functions.isEmpty else {
        throw .invalid("it refers to an attribute outside a function", .attribute(attribute.name))
      }
      guard var value = scope.attributes[attribute.refAttrName] else { continue }
      value.name = attribute.name
      result.append(value)
    }
    return result
  }
}
