package import ApusIR
internal import ApusTensor

/// Lets matrix products read and write permuted tensors in place of separate transposes.
package struct TransposeFolding: Pass {
  package let name = "transpose-folding"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    if let product = node.operation as? MatMul, product.epilogue == nil {
      return operands(node, product, graph)
    }
    if let transpose = node.operation as? Transpose {
      return result(node, transpose, graph, uses) ?? merged(node, transpose, graph)
    }
    return nil
  }

  private func operands(_ node: Node, _ product: MatMul, _ graph: Graph) -> Patch? {
    var product = product
    var sources = node.operands
    var changed = false
    for index in 0..<2 {
      guard let value = graph.operand(node, index), let rank = graph.type(value).rank, rank >= 2,
        let (producer, transpose) = graph.producer(of: value, as: Transpose.self),
        let source = graph.operand(producer, 0),
        let order = try? transpose.permutation(rank: rank)
      else { continue }
      if index == 0 {
        product.leftPermutation = compose(product.leftPermutation, after: order)
      } else {
        product.rightPermutation = compose(product.rightPermutation, after: order)
      }
      sources[index] = source
      changed = true
    }
    guard changed else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    let new = patch.add(product, sources.map { $0.map(Patch.Source.value) }, name: node.name)
    patch.replace(node.results[0], with: new)
    return patch
  }

  /// Transpose of a product that nobody else reads.
  private func result(
    _ node: Node, _ transpose: Transpose, _ graph: Graph, _ uses: Uses
  ) -> Patch? {
    guard let value = graph.operand(node, 0), uses.only(value) == node.id,
      let (producer, product) = graph.producer(of: value, as: MatMul.self),
      product.epilogue == nil, let rank = graph.type(value).rank,
      let order = try? transpose.permutation(rank: rank)
    else { return nil }
    var permuted = product
    permuted.resultPermutation = compose(order, after: product.resultPermutation)
    var patch = Patch(label: name, anchor: node.id)
    let new = patch.add(
      permuted, producer.operands.map { $0.map(Patch.Source.value) }, name: producer.name)
    patch.replace(node.results[0], with: new)
    return patch
  }

  /// Two transposes in a row.
  private func merged(_ node: Node, _ transpose: Transpose, _ graph: Graph) -> Patch? {
    guard let value = graph.operand(node, 0), let rank = graph.type(value).rank,
      let (producer, first) = graph.producer(of: value, as: Transpose.self),
      let source = graph.operand(producer, 0),
      let order = try? transpose.permutation(rank: rank),
      let before = try? first.permutation(rank: rank)
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    let new = patch.add(
      Transpose(compose(order, after: before)), [.value(source)], name: node.name)
    patch.replace(node.results[0], with: new)
    return patch
  }

  /// The permutation that applies `first` and then `second`; empty ones change nothing.
  private func compose(_ second: [Int], after first: [Int]) -> [Int] {
    if second.isEmpty { return first }
    if first.isEmpty { return second }
    return second.map { first[$0] }
  }
}
