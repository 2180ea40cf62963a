package import ApusTensor

/// A local rewrite as data: new nodes and weights, and the values they replace.
///
/// New nodes are placed right before `anchor`; everything they read must be defined earlier.
/// Nodes left without readers are removed by dead code elimination.
package struct Patch: Sendable {
  /// A value that a new node reads: one of the graph, a new node's result, or a new constant.
  package enum Source: Sendable {
    case value(ValueID)
    case result(node: Int, index: Int)
    case constant(Weight)
  }

  package struct NewNode: Sendable {
    package var operation: any Operator
    package var operands: [Source?]
    package var name: String

    package init(_ operation: any Operator, _ operands: [Source?], name: String) {
      self.operation = operation
      self.operands = operands
      self.name = name
    }
  }

  /// The pass that made the patch.
  package let label: String
  package let anchor: NodeID
  package var nodes: [NewNode] = []
  package var replacements: [(old: ValueID, new: Source)] = []

  package init(label: String, anchor: NodeID) {
    self.label = label
    self.anchor = anchor
  }

  /// Adds a node and returns its first result.
  package mutating func add(
    _ operation: any Operator, _ operands: [Source?], name: String
  ) -> Source {
    nodes.append(NewNode(operation, operands, name: name))
    return .result(node: nodes.count - 1, index: 0)
  }

  package mutating func replace(_ old: ValueID, with new: Source) {
    replacements.append((old, new))
  }
}

/// Why a patch does not fit the graph.
package enum PatchError: Error, Sendable {
  case type(label: String, node: String, TypeError)
  /// The replacement is not of the replaced value's type.
  case typeChanged(label: String, value: String, before: ValueType, after: ValueType)
  case unknownAnchor(label: String)
  case malformed(label: String)
}

extension PatchError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .type(let label, let node, let error):
      "pass '\(label)' built an ill-typed '\(node)': \(error)"
    case .typeChanged(let label, let value, let before, let after):
      "pass '\(label)' changes the type of '\(value)' from \(before) to \(after)"
    case .unknownAnchor(let label): "pass '\(label)' refers to a node that is not in the graph"
    case .malformed(let label): "pass '\(label)' refers to a result that it does not define"
    }
  }
}

extension Graph {
  /// Removes nodes whose results nobody reads. Returns how many were removed.
  @discardableResult
  package mutating func removeDeadNodes() -> Int {
    var live = Set(outputs.map(\.value))
    var kept: [NodeID] = []
    var removed = 0
    for id in order.reversed() {
      let node = self[id]
      if node.results.contains(where: live.contains) {
        kept.append(id)
        for case let operand? in node.operands { live.insert(operand) }
      } else {
        remove(id)
        removed += 1
      }
    }
    order = kept.reversed()
    removeUnusedWeights()
    return removed
  }
}
