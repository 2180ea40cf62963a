package import ApusIR
package import ApusTensor
internal import Synchronization

/// Computes the results of a node whose operands are all weights, as well as its definition does but
/// faster; nil where it cannot.
package typealias WeightEvaluator = @Sendable (Node, Graph) -> [HostTensor]?

/// Evaluates nodes whose operands are all constant, within a budget: a small file must not fold to
/// gigabytes.
package struct ConstantFolding: Pass {
  package let name = "constant-folding"

  /// The most bytes of one folded result.
  package var byteBudget = 64 << 20
  /// About the most operations of one evaluation by the naive reference.
  package var operationBudget = 400_000_000
  /// The same of a contraction, which `evaluator` computes faster.
  package var contractionBudget = 100_000_000
  /// The most multiply-adds of one contraction that `evaluator` computes.
  package var evaluatorBudget = 10_000_000_000
  /// Computes contractions beyond the budget of the naive evaluation.
  package var evaluator: WeightEvaluator?

  private let spent = FoldingBudget()

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
      let values = evaluate(node, operands, graph)
    else { return nil }
    guard spent.take(bytes: values.reduce(0) { $0 + $1.storedByteCount }) else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    for (result, value) in zip(node.results, values) where !uses.isUnused(result) {
      let label = graph[result].name.isEmpty ? "\(node.name).folded" : graph[result].name
      patch.replace(result, with: .constant(Weight(name: label, tensor: value)))
    }
    return patch.replacements.isEmpty ? nil : patch
  }

  private func evaluate(
    _ node: Node, _ operands: [HostTensor?], _ graph: Graph
  ) -> [HostTensor]? {
    guard let cost = EvaluationCost.of(node, in: graph) else { return nil }
    let isContraction = node.operation is any Contraction
    if cost <= (isContraction ? contractionBudget : operationBudget),
      spent.take(cost, of: \.operations, in: graph)
    {
      let values = try? node.operation.evaluate(
        any: operands.map { $0.map(HostValue.tensor) }, node.results.map(graph.valueType),
        EvaluationContext(limits)
      ).compactMap(\.tensor)
      return values?.count == node.results.count ? values : nil
    }
    guard isContraction, cost <= evaluatorBudget, let evaluator,
      spent.take(cost, of: \.products, in: graph)
    else { return nil }
    return evaluator(node, graph)
  }

  private var limits: ResourceLimits {
    var limits = ResourceLimits()
    // Texts count four times.
    limits.memory = 4 * byteBudget
    return limits
  }
}

/// What a pass may spend in all: a constant, and more where the graph has large weights, which folding
/// brings into other forms.
private final class FoldingBudget: Sendable {
  struct Left {
    var bytes = 1 << 28
    var operations = 1_000_000_000
    /// Multiply-adds of contractions that are computed by kernels.
    var products = 50_000_000_000
  }

  private let left = Mutex<Left?>(nil)

  /// Takes an amount of one kind; false where less is left.
  func take(
    _ amount: Int, of kind: any WritableKeyPath<Left, Int> & Sendable, in graph: Graph
  ) -> Bool {
    left.withLock { left in
      var rest = left ?? Self.all(graph)
      defer { left = rest }
      guard rest.bytes > 0, amount <= rest[keyPath: kind] else { return false }
      rest[keyPath: kind] -= amount
      return true
    }
  }

  func take(bytes: Int) -> Bool {
    left.withLock { left in
      guard var rest = left else { return false }
      defer { left = rest }
      guard bytes <= rest.bytes else {
        rest.bytes = 0
        return false
      }
      rest.bytes -= bytes
      return true
    }
  }

  private static func all(_ graph: Graph) -> Left {
    let weights = graph.weights.values.reduce(0) { $0 &+ $1.tensor.storedByteCount }
    var left = Left()
    left.bytes &+= 2 &* weights
    left.operations &+= 8 &* weights
    return left
  }
}
