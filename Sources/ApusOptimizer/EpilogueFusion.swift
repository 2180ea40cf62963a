package import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Joins what follows a product or a convolution (bias, activation, residual) to it, so that the
/// result is finished while it is in cache.
package struct EpilogueFusion: Pass {
  package let name = "epilogue-fusion"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard let fused = FusedNode(node, graph) else { return nil }
    // The contraction computed last takes the others as operands that are ready.
    for operand in fused.operands.reversed().sorted(by: { $0 > $1 }) {
      guard let producer = graph.producer(of: operand),
        uses.of(operand).allSatisfy({ $0 == node.id }),
        !uses.isOutput(operand),
        graph.type(operand).shape == graph.type(node.results[0]).shape,
        graph.type(operand).element == .float32,
        graph.type(node.results[0]).element == .float32,
        let patch = join(producer, operand, fused, node, graph)
      else { continue }
      return patch
    }
    return nil
  }

  private func join(
    _ producer: Node, _ value: ValueID, _ fused: FusedNode, _ node: Node, _ graph: Graph
  ) -> Patch? {
    let others = fused.operands.filter { $0 != value }
    let operation: any Operator
    var head: [ValueID]
    if var product = producer.operation as? MatMul {
      guard others.allSatisfy({ broadcasts($0, to: value, graph) }) else { return nil }
      head = producer.operands.prefix(2).compactMap { $0 }
      guard let program = chained(product.epilogue, producer, 2, fused, value, others) else {
        return nil
      }
      product.epilogue = program
      operation = product
    } else if var convolution = producer.operation as? Convolution, !convolution.hasBias {
      guard others.allSatisfy({ isPerChannel($0, value, graph) }) else { return nil }
      head = producer.operands.prefix(2).compactMap { $0 }
      guard let program = chained(convolution.epilogue, producer, 2, fused, value, others) else {
        return nil
      }
      convolution.epilogue = program
      operation = convolution
    } else {
      return nil
    }
    head += producer.operands.dropFirst(2).compactMap { $0 } + others
    var patch = Patch(label: name, anchor: node.id)
    let joined = patch.add(
      operation, head.map { .value($0) },
      name: producer.name.isEmpty ? node.name : "\(producer.name)+\(node.name)")
    patch.replace(node.results[0], with: joined)
    return patch
  }

  /// The epilogue that runs the existing one and then the consumer's program.
  private func chained(
    _ existing: Program?, _ producer: Node, _ first: Int, _ fused: FusedNode, _ value: ValueID,
    _ others: [ValueID]
  ) -> Program? {
    var builder = ProgramBuilder(operands: existing?.operands ?? [.float32])
    let loads = builder.operands.indices.map { builder.operand($0) }
    let result = existing.map { builder.inline($0, operands: loads)[0] } ?? loads[0]
    var values: [Int] = []
    var added: [ValueID: Int] = [:]
    for other in others {
      let index = fused.operands.firstIndex(of: other) ?? 0
      added[other] = builder.operand(builder.addOperand(fused.program.operands[index]))
    }
    for operand in fused.operands { values.append(operand == value ? result : added[operand] ?? 0) }
    let outputs = builder.inline(fused.program, operands: values)
    return try? builder.finish(outputs: [.init(value: outputs[0], element: .float32)])
  }

  private func broadcasts(_ operand: ValueID, to value: ValueID, _ graph: Graph) -> Bool {
    guard let mine = graph.type(operand).rank, let rank = graph.type(value).rank else {
      return false
    }
    return mine <= rank
  }

  /// Whether a convolution can read the operand: like the result, one number a channel, or a scalar.
  private func isPerChannel(_ operand: ValueID, _ value: ValueID, _ graph: Graph) -> Bool {
    guard let mine = graph.type(operand).extents, let result = graph.type(value).extents else {
      return false
    }
    if mine == result { return true }
    let lead = result.count - mine.count
    guard lead >= 0 else { return false }
    return mine.enumerated().allSatisfy { index, extent in
      index + lead < 2 ? true : extent == .one
    }
  }
}

/// Turns a convolution's bias operand into an epilogue, so that fusion has one form to deal with.
package struct BiasToEpilogue: Pass {
  package let name = "bias-to-epilogue"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard var convolution = node.operation as? Convolution, convolution.hasBias,
      convolution.epilogue == nil, let data = graph.operand(node, 0),
      let weight = graph.operand(node, 1), let bias = graph.constant(node, 2),
      bias.element == .float32, let rank = graph.type(node.results[0]).rank, rank >= 3,
      let shaped = try? bias.reshaped([bias.count] + Array(repeating: 1, count: rank - 2))
    else { return nil }
    var builder = ProgramBuilder(operands: [.float32, .float32])
    let sum = builder.emit(.binary(.add, builder.operand(0), builder.operand(1)))
    guard let program = try? builder.finish(outputs: [.init(value: sum, element: .float32)]) else {
      return nil
    }
    convolution.hasBias = false
    convolution.epilogue = program
    let name = graph.operand(node, 2).map { graph[$0].name } ?? node.name
    var patch = Patch(label: self.name, anchor: node.id)
    let result = patch.add(
      convolution,
      [.value(data), .value(weight), .constant(Weight(name: "\(name).channels", tensor: shaped))],
      name: node.name)
    patch.replace(node.results[0], with: result)
    return patch
  }
}
