package import ApusTensor

/// A local rewrite: looks at one node and proposes a patch, or nothing.
package protocol Pass: Sendable {
  /// The name that `--disable-pass` takes.
  var name: String { get }
  /// Proposes a rewrite around `node`, or nil.
  func rewrite(_ node: Node, in graph: Graph, uses: Uses) -> Patch?
}

/// Reads of a node that patterns share.
extension Graph {
  /// The value of an operand that must be there.
  package func operand(_ node: Node, _ index: Int) -> ValueID? {
    node.operands.indices.contains(index) ? node.operands[index] : nil
  }

  /// The constant behind an operand.
  package func constant(_ node: Node, _ index: Int) -> HostTensor? {
    operand(node, index).flatMap { weight($0)?.tensor }
  }

  /// The only element of a constant, where all its elements are the same number.
  package func scalar(_ value: ValueID) -> Double? {
    guard let tensor = weight(value)?.tensor, tensor.count >= 1,
      tensor.count == 1 || tensor.isSplat, tensor.element.isFloatingPoint
    else { return nil }
    guard let one = tensor.isSplat ? try? HostTensor(splat: tensor.first(), shape: [1]) : tensor
    else { return nil }
    return (try? one.reals())?.first
  }

  /// The producer of a value when it is an operation of a type.
  package func producer<T: Operator>(
    of value: ValueID?, as type: T.Type
  ) -> (node: Node, operation: T)? {
    guard let value, let node = producer(of: value), let operation = node.operation as? T else {
      return nil
    }
    return (node, operation)
  }
}

extension HostTensor {
  /// A tensor of one element: the first of this one.
  package func first() throws(TensorError) -> HostTensor {
    switch content {
    case .splat(let storage): try HostTensor(element, shape: [1], storage: storage)
    case .dense(let storage, let offset):
      try HostTensor(element, shape: [1], storage: storage, byteOffset: offset)
    case .texts(let texts): try HostTensor(texts: Array(texts.prefix(1)), shape: [1])
    }
  }
}
