package import ApusIR
package import ApusTensor

/// An optimised graph with a tactic for every node.
package struct Plan: Sendable {
  package let graph: Graph
  /// The chosen tactic per node; views have none.
  package let tactics: [NodeID: Tactic]
  /// Constant operands in tactics' layouts, by node and operand.
  package let packed: [PackedKey: HostTensor]
  /// Shape ranges the plan was tuned for. They do not limit what runs.
  package let profiles: [Profile]

  package struct PackedKey: Hashable, Sendable {
    package let node: NodeID
    package let operand: Int

    package init(node: NodeID, operand: Int) {
      self.node = node
      self.operand = operand
    }
  }

  package init(
    graph: Graph, tactics: [NodeID: Tactic], packed: [PackedKey: HostTensor], profiles: [Profile]
  ) {
    self.graph = graph
    self.tactics = tactics
    self.packed = packed
    self.profiles = profiles
  }
}

/// A range of input shapes to tune for: TensorRT's optimisation profile.
package struct Profile: Hashable, Sendable {
  package struct Range: Hashable, Sendable {
    package var minimum: [Int]
    package var optimum: [Int]
    package var maximum: [Int]

    package init(minimum: [Int], optimum: [Int], maximum: [Int]) {
      self.minimum = minimum
      self.optimum = optimum
      self.maximum = maximum
    }
  }

  /// By input name; inputs with fixed shapes need no entry.
  package var inputs: [String: Range]

  package init(inputs: [String: Range]) { self.inputs = inputs }
}
