package import ApusIR
internal import ApusTensor

/// Evaluates nodes whose operands are all constant, within a budget: a small file must not fold to
/// gigabytes.
package struct ConstantFolding: Pass {
  package let name = "constant-folding"

  /// The most bytes of one folded result.
  package var byteBudget = 64 << 20
  /// The most multiply-adds of one evaluation by the naive reference.
  package var operationBudget = 100_000_000

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard node.operation.isDeterministic, !(node.operation is Extents) else { return nil }
    var operands: [HostTensor?] = []
    for operand in node.operands {
      guard let operand else {
        operands.append(nil)
        continue
      }
      guard let tensor = graph.weight(operand)?.tensor else { return nil }
      operands.append(tensor)
    }
    let types = node.results.map(graph.type)
    guard types.allSatisfy({ ($0.byteCount ?? .max) <= byteBudget }),
      operations(node, operands, types) <= operationBudget,
      let values = try? node.operation.evaluate(operands, types)
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    for (result, value) in zip(node.results, values) where !uses.isUnused(result) {
      let label = graph[result].name.isEmpty ? "\(node.name).folded" : graph[result].name
      patch.replace(result, with: .constant(Weight(name: label, tensor: value)))
    }
    return patch.replacements.isEmpty ? nil : patch
  }

  private func operations(_ node: Node, _ operands: [HostTensor?], _ types: [TensorType]) -> Int {
    let results = types.reduce(0) { $0 + ($1.elementCount ?? 0) }
    switch node.operation {
    case is MatMul:
      return results.multipliedReportingOverflow(by: operands[0]?.shape.last ?? 1).partialValue
    case is Convolution:
      let taps = operands[1]?.shape.dropFirst().reduce(1, *) ?? 1
      return results.multipliedReportingOverflow(by: taps).partialValue
    default: return results + operands.reduce(0) { $0 + ($1?.count ?? 0) }
    }
  }
}
