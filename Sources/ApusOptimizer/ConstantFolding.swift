package import ApusIR
internal import ApusTensor
internal import Synchronization

/// Evaluates nodes whose operands are all constant, within a budget: a small file must not fold to
/// gigabytes.
package struct ConstantFolding: Pass {
  package let name = "constant-folding"

  /// The most bytes of one folded result.
  package var byteBudget = 64 << 20
  /// About the most operations of one evaluation by the naive reference.
  package var operationBudget = 400_000_000

  private let spent = FoldingBudget()

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
      spent.isLeft(in: graph), let cost = EvaluationCost.of(node, in: graph),
      cost <= operationBudget,
      let values = try? node.operation.evaluate(
        any: operands.map { $0.map(HostValue.tensor) }, node.results.map(graph.valueType),
        EvaluationContext(limits)
      ).compactMap(\.tensor), values.count == node.results.count
    else { return nil }
    guard spent.take(values.reduce(0) { $0 + $1.storedByteCount }) else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    for (result, value) in zip(node.results, values) where !uses.isUnused(result) {
      let label = graph[result].name.isEmpty ? "\(node.name).folded" : graph[result].name
      patch.replace(result, with: .constant(Weight(name: label, tensor: value)))
    }
    return patch.replacements.isEmpty ? nil : patch
  }

  private var limits: ResourceLimits {
    var limits = ResourceLimits()
    // Texts count four times.
    limits.memory = 4 * byteBudget
    return limits
  }
}

/// Bytes that all results of a pass may take: a constant, and twice what the graph's weights take, for
/// folding also makes other forms of large weights.
private final class FoldingBudget: Sendable {
  private static let base = 1 << 28
  private let left = Mutex<Int?>(nil)

  func isLeft(in graph: Graph) -> Bool {
    left.withLock { left in
      if left == nil {
        left = graph.weights.values.reduce(Self.base) { $0 &+ 2 * $1.tensor.storedByteCount }
      }
      return left ?? 0 > 0
    }
  }

  func take(_ bytes: Int) -> Bool {
    left.withLock { left in
      guard bytes <= left ?? 0 else {
        left = 0
        return false
      }
      left? -= bytes
      return true
    }
  }
}
