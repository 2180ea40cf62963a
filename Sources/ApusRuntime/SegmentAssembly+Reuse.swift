internal import ApusEngine
internal import ApusIR
internal import ApusTensor

/// Taking over from an earlier segment what the new shapes do not change: in a decode loop only what
/// depends on the length of the past is specialised again at each step.
extension SegmentAssembly {
  /// How far the segment was before a node.
  struct Mark {
    var operandSlots: [UInt32]
    var slot: UInt32
    var requests: Int
    var constants: Int
    var kernels: Int
    var work: Int
  }

  mutating func compareInputs() {
    guard let previous else { return }
    for input in specializer.plan.graph.inputs {
      guard let now = state.facts[input], let before = previous.state.facts[input],
        state.strides[input] == nil, previous.state.strides[input] == nil
      else { continue }
      unchanged[input] = now.type == before.type
    }
  }

  func mark(_ node: Node) -> Mark {
    Mark(
      operandSlots: node.operands.map { $0.flatMap { state.slots[$0] } ?? 0 },
      slot: state.slotCount, requests: segment.requests.count, constants: segment.constants.count,
      kernels: segment.kernels.count, work: segment.work.count)
  }

  /// Notes what a node added, and which of its results are what they were.
  mutating func record(_ node: Node, since mark: Mark) {
    var record = NodeRecord(
      operandSlots: mark.operandSlots, slots: mark.slot..<state.slotCount,
      requests: mark.requests..<segment.requests.count,
      constants: mark.constants..<segment.constants.count,
      kernels: mark.kernels..<segment.kernels.count)
    for (operand, before) in zip(node.operands, mark.operandSlots) where before == 0 {
      if let operand, let slot = state.slots[operand] { record.placed.append((operand, slot)) }
    }
    for result in node.results {
      if let slot = state.slots[result] { record.placed.append((result, slot)) }
    }
    if segment.work.count > mark.work, case .host(let step)? = segment.work.last {
      record.host = step
    }
    segment.records.append(record)
    guard let previous else { return }
    for result in node.results {
      guard let now = state.facts[result], let before = previous.state.facts[result],
        state.strides[result] == nil, previous.state.strides[result] == nil
      else { continue }
      unchanged[result] = now.isIdentical(to: before)
    }
  }

  /// Adds what an earlier segment has for the node, where its operands are the same in all respects.
  mutating func takeOver(_ node: Node) -> Bool {
    guard let previous else { return false }
    let index = state.position - previous.firstPosition
    // Nodes without operands may depend on symbols.
    guard previous.records.indices.contains(index), !node.operands.isEmpty else { return false }
    let record = previous.records[index]
    guard record.slots.lowerBound == state.slotCount else { return false }
    for (operand, slot) in zip(node.operands, record.operandSlots) {
      guard let operand else { continue }
      guard isUnchanged(operand), (state.slots[operand] ?? 0) == slot else { return false }
    }
    for result in node.results {
      state.facts[result] = previous.state.facts[result]
      unchanged[result] = true
    }
    for (value, slot) in record.placed { state.slots[value] = slot }
    state.slotCount = record.slots.upperBound
    var moved = record
    moved.requests = segment.requests.count..<(segment.requests.count + record.requests.count)
    moved.constants = segment.constants.count..<(segment.constants.count + record.constants.count)
    moved.kernels = segment.kernels.count..<(segment.kernels.count + record.kernels.count)
    segment.records.append(moved)
    segment.requests += previous.requests[record.requests]
    segment.requestSlots += previous.requestSlots[record.requests]
    segment.constants += previous.constants[record.constants]
    segment.kernels += previous.kernels[record.kernels]
    segment.kernelNodes += previous.kernelNodes[record.kernels]
    segment.arguments += previous.arguments[record.kernels]
    if let host = record.host {
      closeKernels()
      segment.work.append(.host(host))
    }
    return true
  }

  private func isUnchanged(_ value: ValueID) -> Bool {
    if unchanged[value] == true { return true }
    if case .weight = specializer.plan.graph[value].definition { return true }
    return false
  }
}

extension Fact {
  /// Elements up to which constants are compared one by one.
  private static let comparisonLimit = 64

  /// Whether two facts surely say the same; false says nothing.
  func isIdentical(to other: Fact) -> Bool {
    guard type == other.type else { return false }
    switch (constant, other.constant) {
    case (nil, nil): return contents == other.contents
    case (let mine?, let theirs?):
      switch (mine.content, theirs.content) {
      case (.dense(let a, let i), .dense(let b, let j)) where a === b && i == j: return true
      case (.splat(let a), .splat(let b)) where a === b: return true
      default:
        return mine.element != .string && mine.count <= Self.comparisonLimit
          && mine.packedBytes == theirs.packedBytes
      }
    default: return false
    }
  }
}
