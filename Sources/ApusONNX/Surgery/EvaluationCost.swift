package import ApusIR
internal import ApusTensor

/// A bound on the operations that the reference evaluation of a node takes, from the types of its
/// operands and results. Operations whose cost does not follow from types count as unbounded.
package enum EvaluationCost {
  /// Scalar operations of one node; nil where shapes are open or the number leaves `Int`.
  package static func of(
    _ node: Node, in graph: Graph, _ bindings: [String: Int] = [:]
  ) -> Int? {
    switch node.operation {
    case is Loop, is Scan, is SequenceMap, is Branch: return nil
    default: break
    }
    var elements = 0
    for value in node.results + node.operands.compactMap({ $0 }) {
      let type = TensorType(.uint8, graph.type(value).shape.substituting(bindings))
      guard let count = type.elementCount else { return nil }
      let sum = elements.addingReportingOverflow(count)
      guard !sum.overflow else { return nil }
      elements = sum.partialValue
    }
    guard let depth = depth(node, graph, bindings) else { return nil }
    let total = elements.multipliedReportingOverflow(by: depth)
    return total.overflow ? nil : total.partialValue
  }

  /// All nodes of a graph, with the graph's symbols bound.
  package static func of(_ graph: Graph, _ bindings: [String: Int] = [:]) -> Int? {
    var total = 0
    for node in graph.nodes {
      guard let cost = of(node, in: graph, bindings) else { return nil }
      let sum = total.addingReportingOverflow(cost)
      guard !sum.overflow else { return nil }
      total = sum.partialValue
    }
    return total
  }

  /// Operations per element: how many terms a contraction or a window has.
  private static func depth(
    _ node: Node, _ graph: Graph, _ bindings: [String: Int]
  ) -> Int? {
    func shape(_ operand: Int) -> [Int]? {
      guard operand < node.operands.count, let value = node.operands[operand] else { return nil }
      return graph.type(value).shape.substituting(bindings).fixed
    }
    switch node.operation {
    case is MatMul:
      guard let left = shape(0), let right = shape(1) else { return nil }
      // Either of the last two may be the one contracted.
      return max(left.suffix(2).max() ?? 1, right.suffix(2).max() ?? 1, 1)
    case is Convolution:
      guard let weight = shape(1), let first = weight.first, first > 0 else { return nil }
      return Array.product(weight).map { max($0 / first, 1) }
    case is Elementwise: return 64
    case is Pool, is CumulativeSum: return 64
    default: return 4
    }
  }
}
