internal import ApusEngine
package import ApusIR
package import ApusTensor

/// A graph input that the plan extends along one axis and returns, such as a decoder's past keys:
/// `present = concat(past, new)`. Recognised by data flow; names play no part.
package struct CachePair: Sendable {
  package let input: String
  package let output: String
  /// The input's declared type.
  package let type: TensorType
  /// The axis of positions, counted from the front.
  package let axis: Int
  /// The node that appends the new positions.
  package let node: NodeID
  /// Readers whose tactics need dense tensors: for them every run copies the filled part.
  package let compacting: [NodeID]

  let inputIndex: Int
  let past: ValueID
  let present: ValueID

  /// The extent along `axis` as the input declares it.
  var positions: Extent { type.extents?[axis] ?? .zero }
}

extension CachePair {
  /// All pairs of a plan whose tactics can append in place.
  static func find(
    _ plan: Plan, _ profile: Int, _ sources: [String: any TacticSource],
    root: (ValueID) -> ValueID
  ) -> [CachePair] {
    let graph = plan.graph
    let returned = Set(graph.outputs.map(\.value))
    var pairs: [CachePair] = []
    var taken: Set<ValueID> = []
    for node in graph.nodes {
      guard let concat = node.operation as? Concat, node.operands.count == 2,
        let past = graph.operand(node, 0), let new = graph.operand(node, 1),
        case .input(let index) = graph[past].definition, let present = node.results.first,
        let output = graph.outputs.first(where: { $0.value == present }),
        root(new) != past, !returned.contains(past), !taken.contains(past),
        let extents = graph.type(past).extents,
        let axis = try? normalize(axis: concat.axis, rank: extents.count),
        extents[axis].fixed == nil, graph.type(past).element.bitWidth >= 8,
        access(node, plan, profile, sources).results
      else { continue }
      taken.insert(past)
      pairs.append(
        CachePair(
          input: graph[past].name, output: output.name, type: graph.type(past), axis: axis,
          node: node.id,
          compacting: compacting([past, present], plan, profile, sources, root: root),
          inputIndex: index, past: past, present: present))
    }
    return pairs
  }

  /// The nodes that read one of `values`, or a view of it, and cannot take strides.
  private static func compacting(
    _ values: [ValueID], _ plan: Plan, _ profile: Int, _ sources: [String: any TacticSource],
    root: (ValueID) -> ValueID
  ) -> [NodeID] {
    plan.graph.nodes.compactMap { node in
      // Views read nothing, and shapes are folded.
      if node.operation is any ViewOperator || node.operation is ShapeOf { return nil }
      let positions = node.operands.indices.filter { index in
        node.operands[index].map { values.contains(root($0)) } ?? false
      }
      guard !positions.isEmpty else { return nil }
      return access(node, plan, profile, sources).operands.isSuperset(of: positions) ? nil : node.id
    }
  }

  private static func access(
    _ node: Node, _ plan: Plan, _ profile: Int, _ sources: [String: any TacticSource]
  ) -> StridedAccess {
    guard let tactic = plan.choices[profile].tactics[node.id], let source = sources[tactic.source]
    else {
      return StridedAccess()
    }
    return source.stridedAccess(tactic, Region(node, in: plan.graph))
  }
}
