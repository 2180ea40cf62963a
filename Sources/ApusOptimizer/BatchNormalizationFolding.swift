package import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Folds batch normalisation into the weights of the convolution before it; elsewhere it becomes a
/// multiplication and an addition per channel.
package struct BatchNormalizationFolding: Pass {
  package let name = "batch-normalization-folding"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard let normalization = node.operation as? BatchNormalization,
      let data = graph.operand(node, 0), graph.type(data).element == .float32,
      let scale = try? graph.constant(node, 1)?.reals(),
      let bias = try? graph.constant(node, 2)?.reals(),
      let mean = try? graph.constant(node, 3)?.reals(),
      let variance = try? graph.constant(node, 4)?.reals(),
      [bias.count, mean.count, variance.count].allSatisfy({ $0 == scale.count })
    else { return nil }
    let factors = zip(scale, variance).map { $0 / ($1 + normalization.epsilon).squareRoot() }
    let shifts = scale.indices.map { bias[$0] - mean[$0] * factors[$0] }
    return intoConvolution(node, data, factors, shifts, graph, uses)
      ?? affine(node, data, factors, shifts, graph)
  }

  private func intoConvolution(
    _ node: Node, _ data: ValueID, _ factors: [Double], _ shifts: [Double], _ graph: Graph,
    _ uses: Uses
  ) -> Patch? {
    guard let (producer, convolution) = graph.producer(of: data, as: Convolution.self),
      uses.only(data) == node.id, convolution.epilogue == nil,
      let input = graph.operand(producer, 0), let weight = graph.constant(producer, 1),
      weight.shape.first == factors.count, var values = try? weight.reals()
    else { return nil }
    let oldBias = convolution.hasBias ? try? graph.constant(producer, 2)?.reals() : []
    guard let oldBias, !convolution.hasBias || oldBias.count == factors.count else { return nil }
    let perOutput = values.count / max(factors.count, 1)
    for index in values.indices { values[index] *= factors[index / perOutput] }
    let newBias = shifts.indices.map {
      shifts[$0] + (convolution.hasBias ? oldBias[$0] * factors[$0] : 0)
    }
    guard let weights = try? HostTensor(.float32, shape: weight.shape, .real(values)),
      let biases = try? HostTensor(.float32, shape: [newBias.count], .real(newBias))
    else { return nil }
    var folded = convolution
    folded.hasBias = true
    var patch = Patch(label: name, anchor: node.id)
    let label = graph.operand(producer, 1).map { graph[$0].name } ?? producer.name
    let result = patch.add(
      folded,
      [
        .value(input), .constant(Weight(name: "\(label).folded", tensor: weights)),
        .constant(Weight(name: "\(label).folded_bias", tensor: biases)),
      ], name: producer.name)
    patch.replace(node.results[0], with: result)
    return patch
  }

  private func affine(
    _ node: Node, _ data: ValueID, _ factors: [Double], _ shifts: [Double], _ graph: Graph
  ) -> Patch? {
    guard let rank = graph.type(data).rank, rank >= 2 else { return nil }
    let shape = [factors.count] + Array(repeating: 1, count: rank - 2)
    guard let scale = try? HostTensor(.float32, shape: shape, .real(factors)),
      let shift = try? HostTensor(.float32, shape: shape, .real(shifts))
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    let product = patch.add(
      Binary(.multiply),
      [.value(data), .constant(Weight(name: "\(node.name).scale", tensor: scale))], name: node.name)
    let sum = patch.add(
      Binary(.add),
      [product, .constant(Weight(name: "\(node.name).shift", tensor: shift))], name: node.name)
    patch.replace(node.results[0], with: sum)
    return patch
  }
}
