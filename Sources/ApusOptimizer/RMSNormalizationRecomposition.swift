package import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Finds x · (1 / √(mean(x·x) + ε)) [· scale] over the last axis and makes it one operator.
package struct RMSNormalizationRecomposition: Pass {
  package let name = "rms-normalization-recomposition"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard let (x, epsilon) = normalized(node, graph) else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    let norm = patch.add(
      RMSNormalization(axis: -1, epsilon: epsilon), [.value(x)], name: node.name)
    patch.replace(node.results[0], with: norm)
    return patch
  }

  /// Matches `node` as x · inverse root mean square.
  private func normalized(_ node: Node, _ graph: Graph) -> (ValueID, Double)? {
    guard let binary = node.operation as? Binary, let left = graph.operand(node, 0),
      let right = graph.operand(node, 1)
    else { return nil }
    switch binary.function {
    case .multiply:
      for (x, inverse) in [(left, right), (right, left)] {
        guard let (reciprocal, function) = graph.producer(of: inverse, as: Unary.self),
          function.function == .reciprocal
        else { continue }
        if let epsilon = root(graph.operand(reciprocal, 0), of: x, graph) { return (x, epsilon) }
      }
      return nil
    case .divide: return root(right, of: left, graph).map { (left, $0) }
    default: return nil
    }
  }

  /// Matches √(mean(x·x, last axis) + ε) and returns ε.
  private func root(_ value: ValueID?, of x: ValueID, _ graph: Graph) -> Double? {
    guard let (root, function) = graph.producer(of: value, as: Unary.self),
      function.function == .sqrt,
      let (sum, add) = graph.producer(of: graph.operand(root, 0), as: Binary.self),
      add.function == .add, let a = graph.operand(sum, 0), let b = graph.operand(sum, 1)
    else { return nil }
    for (mean, epsilon) in [(a, b), (b, a)] {
      guard let number = graph.scalar(epsilon),
        let (reduction, reduce) = graph.producer(of: mean, as: Reduce.self),
        reduce.kind == .mean, reduce.keepDimensions, let rank = graph.type(x).rank,
        let axes = graph.operand(reduction, 1).flatMap({ graph.fact($0).integers }),
        axes == [-1] || axes == [rank - 1],
        let (square, multiply) = graph.producer(
          of: graph.operand(reduction, 0), as: Binary.self),
        multiply.function == .multiply, square.operands == [x, x]
      else { continue }
      return number
    }
    return nil
  }
}

/// Moves a multiplication by a constant row after RMS normalisation into its scale.
package struct NormalizationScaleFusion: Pass {
  package let name = "normalization-scale-fusion"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard let binary = node.operation as? Binary, binary.function == .multiply,
      let left = graph.operand(node, 0), let right = graph.operand(node, 1)
    else { return nil }
    for (value, scale) in [(left, right), (right, left)] {
      guard let weight = graph.weight(scale)?.tensor, weight.rank == 1,
        let (norm, operation) = graph.producer(of: value, as: RMSNormalization.self),
        norm.operands.count == 1, uses.only(value) == node.id,
        let extents = graph.type(value).extents, extents.last == .fixed(weight.shape[0]),
        let input = graph.operand(norm, 0)
      else { continue }
      var patch = Patch(label: name, anchor: node.id)
      patch.replace(
        node.results[0],
        with: patch.add(operation, [.value(input), .value(scale)], name: norm.name))
      return patch
    }
    return nil
  }
}
