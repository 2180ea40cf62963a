internal import ApusEngine
internal import ApusIR
internal import ApusTensor

/// Values that lie in a cache: appended to in place, read through strides or from dense copies.
extension SegmentAssembly {
  /// Whether a value is what a cached input becomes, which stays in the cache.
  func isCached(_ value: ValueID) -> Bool {
    state.cache != nil && specializer.cachePairs.contains { $0.present == value }
  }

  /// Extends a cached input; false where the node is something else or the run has no cache.
  mutating func append(
    _ node: Node, _ facts: [Fact?], _ inferred: [Fact]
  ) throws(RuntimeError) -> Bool {
    guard let cache = state.cache, let index = specializer.appends[node.id] else { return false }
    let pair = specializer.cachePairs[index]
    guard let length = inferred.first?.type.fixedShape?[pair.axis],
      let tactic = specializer.choice.tactics[node.id],
      let source = specializer.sources[tactic.source]
    else { return false }
    guard length <= cache.capacity else {
      throw .cache(.capacity(needed: length, maximum: cache.capacity))
    }
    if let other = state.cacheLength, other != length {
      throw .cache(.unequalLengths(other, length))
    }
    state.cacheLength = length
    state.slots[pair.present] = state.slots[pair.past]
    state.strides[pair.present] = state.strides[pair.past]
    var instance = try makeInstance(node, facts, inferred.map(\.type), tactic, source)
    do { try source.instantiate(tactic, &instance) } catch { throw .tactic(node: node.name, error) }
    add(instance, for: node.id)
    return true
  }

  /// Makes `result` a view of `data`, through a dense copy where strides cannot express it.
  mutating func view(
    _ data: ValueID, as result: ValueID, for node: Node
  ) throws(RuntimeError) {
    if let strides = state.strides[data], let shape = fact(data).type.fixedShape,
      let target = fact(result).type.fixedShape,
      let seen = StridedView.reshape(shape, strides, to: target)
    {
      state.slots[result] = try slot(of: data)
      state.strides[result] = seen
      return
    }
    state.slots[result] = try denseSlot(of: data, for: node)
  }

  /// The slot where a value lies densely; one in a cache is copied at its first such reader. `node`
  /// is the reader, nil for a graph output.
  mutating func denseSlot(of value: ValueID, for node: Node?) throws(RuntimeError) -> UInt32 {
    guard let strides = state.strides[value] else { return try slot(of: value) }
    if let slot = state.compacted[value] { return slot }
    let type = fact(value).type
    guard let bytes = type.byteCount else {
      throw .tensor(.tooLarge(element: type.element, shape: type.fixedShape ?? []))
    }
    let last = specializer.lastRead[specializer.root(value)] ?? state.position
    let slot = newSlot()
    state.compacted[value] = slot
    request(
      slot, byteCount: bytes, first: state.position,
      last: node == nil ? .max : max(last, state.position))
    let reader = node?.id ?? specializer.plan.graph.order.last ?? NodeID(0)
    let name = node?.name ?? ""
    let region = try copyRegion(type, name)
    for source in specializer.sources.values {
      for tactic in source.tactics(for: region)
      where source.stridedAccess(tactic, region).operands.contains(0) {
        var instance = RegionInstance(
          region: region, operandTypes: [type], resultTypes: [type], known: [nil],
          operandSlots: [try self.slot(of: value)], resultSlots: [slot], packedSlots: [:],
          workers: specializer.workers, firstWorkspace: state.slotCount,
          operandStrides: [0: strides])
        do throws(TacticError) { try source.instantiate(tactic, &instance) } catch {
          throw .tactic(node: name, error)
        }
        add(instance, for: reader)
        return slot
      }
    }
    throw .noTacticSource(node: name, source: "strided copies")
  }

  /// A copy as a region: a transpose that leaves the axes where they are.
  private func copyRegion(_ type: TensorType, _ name: String) throws(RuntimeError) -> Region {
    var graph = Graph(name: "copy")
    let input = graph.addInput("cached", type)
    let order = Transpose(Array(0..<(type.rank ?? 0)))
    do { try graph.append(order, [input], name: name) } catch {
      throw .type(node: name, operation: Transpose.name, error)
    }
    return Region(graph[graph.order[0]], in: graph)
  }
}
