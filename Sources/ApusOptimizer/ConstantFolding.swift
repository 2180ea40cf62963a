package import ApusIR
package import ApusTensor

/// Computes the results of a node whose operands are all weights, as well as its definition does but
/// faster; nil where it cannot.
package typealias WeightEvaluator = @Sendable (Node, Graph) -> [HostTensor]?

/// Evaluates nodes whose operands are all constant, within a budget: a small file must not fold to
/// gigabytes.
package struct ConstantFolding: Pass {
  package let name = "constant-folding"

  /// The most bytes of one folded result.
  package var byteBudget = 64 << 20
  /// The most multiply-adds of one evaluation by the naive reference.
  package var operationBudget = 100_000_000
  /// The most multiply-adds of one contraction that `evaluator` computes.
  package var evaluatorBudget = 10_000_000_000
  /// Computes contractions beyond the budget of the naive evaluation.
  package var evaluator: WeightEvaluator?

  package init(evaluator: WeightEvaluator? = nil) { self.evaluator = evaluator }

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
      let values = evaluate(node, operands, types, graph)
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    for (result, value) in zip(node.results, values) where !uses.isUnused(result) {
      let label = graph[result].name.isEmpty ? "\(node.name).folded" : graph[result].name
      patch.replace(result, with: .constant(Weight(name: label, tensor: value)))
    }
    return patch.replacements.isEmpty ? nil : patch
  }

  private func evaluate(
    _ node: Node, _ operands: [HostTensor?], _ types: [TensorType], _ graph: Graph
  ) -> [HostTensor]? {
    let results = types.reduce(0) { $0 + ($1.elementCount ?? 0) }
    var operations = operands.reduce(results) { $0 + ($1?.count ?? 0) }
    if let contraction = node.operation as? any Contraction {
      let products = contraction.products(operands.map { $0?.shape ?? [] })
      let (work, overflow) = results.multipliedReportingOverflow(by: products)
      operations = overflow ? .max : work
    }
    if operations <= operationBudget { return try? node.operation.evaluate(operands, types) }
    guard operations <= evaluatorBudget, node.operation is any Contraction else { return nil }
    return evaluator?(node, graph)
  }
}
