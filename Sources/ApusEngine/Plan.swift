package import ApusIR
package import ApusTensor

/// An optimised graph with a tactic for every node, for each profile.
package struct Plan: Sendable {
  package let graph: Graph
  /// Shape ranges the plan was tuned for. They do not limit what runs.
  package let profiles: [Profile]
  /// The tactics of each profile, in the profiles' order; one where there is no profile.
  package let choices: [Choice]

  /// Tactics and what they read packed.
  package struct Choice: Sendable {
    /// The tactic per node; views, and what the reference evaluates, have none.
    package var tactics: [NodeID: Tactic] = [:]
    /// Constant operands in tactics' layouts, by node and operand.
    package var packed: [PackedKey: HostTensor] = [:]

    package init(tactics: [NodeID: Tactic] = [:], packed: [PackedKey: HostTensor] = [:]) {
      self.tactics = tactics
      self.packed = packed
    }

    /// The packed operands of a node, by operand.
    package func packed(_ node: Node) -> [(operand: Int, tensor: HostTensor)] {
      node.operands.indices.compactMap { operand in
        packed[.init(node: node.id, operand: operand)].map { (operand, $0) }
      }
    }
  }

  package struct PackedKey: Hashable, Sendable {
    package let node: NodeID
    package let operand: Int

    package init(node: NodeID, operand: Int) {
      self.node = node
      self.operand = operand
    }
  }

  /// `choices` holds one entry for each profile, or one for all of them.
  package init(graph: Graph, choices: [Choice], profiles: [Profile]) {
    let count = max(profiles.count, 1)
    self.graph = graph
    self.profiles = profiles
    self.choices =
      choices.count == count ? choices : Array(repeating: choices.first ?? Choice(), count: count)
  }

  package init(
    graph: Graph, tactics: [NodeID: Tactic], packed: [PackedKey: HostTensor], profiles: [Profile]
  ) {
    self.init(
      graph: graph, choices: [Choice(tactics: tactics, packed: packed)], profiles: profiles)
  }

  /// The first profile's tactics.
  package var tactics: [NodeID: Tactic] { choices[0].tactics }

  /// The distinct tactics of a node with the profiles that take each, in the profiles' order.
  package func variants(of node: NodeID) -> [(tactic: Tactic?, profiles: [Int])] {
    var variants: [(tactic: Tactic?, profiles: [Int])] = []
    for (index, choice) in choices.enumerated() {
      let tactic = choice.tactics[node]
      if let known = variants.firstIndex(where: { $0.tactic == tactic }) {
        variants[known].profiles.append(index)
      } else {
        variants.append((tactic, [index]))
      }
    }
    return variants
  }
}

extension Plan {
  /// The profile to run inputs of these shapes by: one whose ranges hold them, else the nearest;
  /// among several the one with the nearest optimum, then the first.
  package func profile(for shapes: [[Int]]) -> Int {
    guard profiles.count > 1 else { return 0 }
    var named: [String: [Int]] = [:]
    for (input, shape) in zip(graph.inputs, shapes) { named[graph[input].name] = shape }
    let distances = profiles.map { $0.distance(to: named) }
    return distances.indices.min { distances[$0] < distances[$1] } ?? 0
  }
}
