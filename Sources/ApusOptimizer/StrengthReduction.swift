package import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Replaces powers by products and roots, and division by a power of two by multiplication.
package struct StrengthReduction: Pass {
  package let name = "strength-reduction"

  package init() {}

  package func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch? {
    guard let binary = node.operation as? Binary, let left = graph.operand(node, 0),
      let right = graph.operand(node, 1), graph.type(left).element == .float32,
      graph.type(left) == graph.type(node.results[0]), let constant = graph.scalar(right),
      graph.type(left).rank != nil || graph.type(right).rank == 0
    else { return nil }
    var patch = Patch(label: name, anchor: node.id)
    let x = Patch.Source.value(left)
    switch (binary.function, constant) {
    case (.power, 2):
      patch.replace(
        node.results[0], with: patch.add(Binary(.multiply), [x, x], name: node.name))
    case (.power, 3):
      let square = patch.add(Binary(.multiply), [x, x], name: node.name)
      patch.replace(
        node.results[0], with: patch.add(Binary(.multiply), [square, x], name: node.name))
    case (.power, 0.5):
      patch.replace(node.results[0], with: patch.add(Unary(.sqrt), [x], name: node.name))
    // Exact only by a power of two; other reciprocals round, and a rounded bucket index may differ.
    case (.divide, let divisor)
    where divisor != 0 && divisor.significand == 1 && Float(1 / divisor).isNormal:
      guard let factor = try? HostTensor.scalar(1 / divisor, as: .float32) else { return nil }
      let weight = Weight(name: "\(node.name).reciprocal", tensor: factor)
      patch.replace(
        node.results[0],
        with: patch.add(Binary(.multiply), [x, .constant(weight)], name: node.name))
    default: return nil
    }
    return patch
  }
}
