internal import ApusLoops
internal import ApusTensor

/// About how many scalar operations the reference evaluation of a node takes, from the types of its
/// operands and results.
package enum EvaluationCost {
  /// nil where shapes are open, where the cost does not follow from shapes, as of loops, or where the
  /// number leaves `Int`. Symbols of the graph may be bound.
  package static func of(
    _ node: Node, in graph: Graph, _ bindings: [String: Int] = [:]
  ) -> Int? {
    func shape(_ value: ValueID) -> [Int]? {
      graph.type(value).shape.substituting(bindings).fixed
    }
    var operands: [Int?] = []
    for operand in node.operands {
      guard let operand else {
        operands.append(nil)
        continue
      }
      guard let count = shape(operand).flatMap(Array.product) else { return nil }
      operands.append(count)
    }
    var results = 0.0
    for result in node.results {
      guard let count = shape(result).flatMap(Array.product) else { return nil }
      results += Double(count)
    }
    let read = operands.compactMap { $0 }.reduce(0.0) { $0 + Double($1) }
    let work: Double
    switch node.operation {
    case is Loop, is Scan, is SequenceMap, is Branch: return nil
    case let contraction as any Contraction:
      var shapes: [[Int]] = []
      for operand in node.operands {
        guard let operand else { continue }
        guard let shape = shape(operand) else { return nil }
        shapes.append(shape)
      }
      guard shapes.count >= 2 else { return nil }
      work = results * Double(contraction.products(shapes))
    case is TransposedConvolution, is DeformableConvolution:
      guard node.operands.count >= 2, let weight = node.operands[1], let kernel = shape(weight),
        let outputs = kernel.dropFirst().first, let size = Array.product(kernel),
        let data = operands[0]
      else { return nil }
      work = max(results, Double(data)) * Double(size) / Double(max(min(outputs, kernel[0]), 1))
    case is Recurrence:
      // Every step of every sequence reads all weights.
      guard let data = node.operands.first ?? nil, let steps = shape(data), steps.count == 3 else {
        return nil
      }
      work = read * Double(steps[0]) * Double(steps[1])
    case let sum as Einsum:
      var shapes: [[Int]] = []
      for operand in node.operands {
        guard let operand, let shape = shape(operand) else { return nil }
        shapes.append(shape)
      }
      guard let terms = sum.termCount(shapes) else { return nil }
      work = terms * Double(shapes.count)
    case is FourierTransform, is ShortTimeTransform, is Determinant, is MatrixInverse:
      // At most quadratic in the length of what is transformed.
      guard let longest = node.results.compactMap(shape).joined().max() else { return nil }
      work = (results + read) * Double(longest)
    case is SuppressNonMaximum, is KernelSimilarity, is LinearAttention, is TreeEnsemble,
      is PoolRegions, is AlignRegions:
      return nil
    case let pool as Pool: work = results * pool.kernel.reduce(1.0) { $0 * Double($1) }
    case let fused as Elementwise: work = results * Double(fused.program.instructions.count)
    default: work = results * 4
    }
    let total = work + results + read
    return total < 1e18 ? Int(total) : nil
  }

  /// All nodes of a graph.
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
}
