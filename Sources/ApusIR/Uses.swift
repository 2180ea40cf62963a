/// Who reads each value of a graph.
package struct Uses: Sendable {
  private var readers: [ValueID: [NodeID]] = [:]
  private var returned: Set<ValueID>

  package init(_ graph: Graph) {
    for node in graph.nodes {
      for case let operand? in node.operands { readers[operand, default: []].append(node.id) }
    }
    returned = Set(graph.outputs.map(\.value))
  }

  /// Nodes that read the value in execution order, one entry per operand position.
  package func of(_ value: ValueID) -> [NodeID] { readers[value] ?? [] }

  package func isOutput(_ value: ValueID) -> Bool { returned.contains(value) }

  /// The only reader of a value that is no graph output.
  package func only(_ value: ValueID) -> NodeID? {
    guard let list = readers[value], list.count == 1, !returned.contains(value) else { return nil }
    return list[0]
  }

  package func isUnused(_ value: ValueID) -> Bool {
    readers[value] == nil && !returned.contains(value)
  }

  /// Adds the reads of a new node; `precedes` is the execution order.
  mutating func add(_ node: Node, precedes: (NodeID, NodeID) -> Bool) {
    for case let operand? in node.operands { add([node.id], to: operand, precedes) }
  }

  /// Hands all reads of a value over to another.
  mutating func move(
    _ old: ValueID, to new: ValueID, precedes: (NodeID, NodeID) -> Bool
  ) {
    if returned.remove(old) != nil { returned.insert(new) }
    if let list = readers.removeValue(forKey: old) { add(list, to: new, precedes) }
  }

  private mutating func add(
    _ ids: [NodeID], to value: ValueID, _ precedes: (NodeID, NodeID) -> Bool
  ) {
    var list = readers.removeValue(forKey: value) ?? []
    let isInOrder = list.last.map { !precedes(ids[0], $0) } ?? true
    list += ids
    if !isInOrder { list.sort(by: precedes) }
    readers[value] = list
  }
}
