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
    for weight in specializer.weights { unchanged[weight] = true }
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
      kernels: unsafe segment.kernels.count, work: segment.work.count)
  }

  /// Notes what a node added, and which of its results are what they were.
  mutating func record(_ node: Node, since mark: Mark) {
    var record = unsafe NodeRecord(
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

  /// Adds what an earlier segment has for the nodes from here on, as far as their operands are the same
  /// in all respects.
  mutating func takeOver() {
    guard let previous else { return }
    var first = state.position - previous.firstPosition
    var end = first
    while previous.records.indices.contains(end), takeOver(previous.records[end], previous.state) {
      state.position += 1
      end += 1
      if let host = previous.records[end - 1].host {
        add(previous, first..<end)
        closeKernels()
        segment.work.append(.host(host))
        first = end
      }
    }
    if end > first { add(previous, first..<end) }
  }

  /// Takes over what is known about the results of the node at the present position.
  private mutating func takeOver(_ record: NodeRecord, _ before: SpecializationState) -> Bool {
    let links = specializer.links[state.position]
    guard links.followsOperands, record.slots.lowerBound == state.slotCount else { return false }
    for (operand, slot) in zip(links.operands, record.operandSlots) {
      guard let operand else { continue }
      guard unchanged[operand] == true, (state.slots[operand] ?? 0) == slot else { return false }
    }
    for result in links.results {
      state.facts[result] = before.facts[result]
      unchanged[result] = true
    }
    for (value, slot) in record.placed { state.slots[value] = slot }
    state.slotCount = record.slots.upperBound
    return true
  }

  /// Copies what a range of nodes added to an earlier segment.
  private func add(_ previous: Segment, _ nodes: Range<Int>) {
    let records = previous.records[nodes]
    guard let first = records.first, let last = records.last else { return }
    let requests = first.requests.lowerBound..<last.requests.upperBound
    let constants = first.constants.lowerBound..<last.constants.upperBound
    let kernels = first.kernels.lowerBound..<last.kernels.upperBound
    let moves = unsafe (
      segment.requests.count - requests.lowerBound,
      segment.constants.count - constants.lowerBound, segment.kernels.count - kernels.lowerBound
    )
    if moves == (0, 0, 0) {
      segment.records += records
    } else {
      segment.records += records.map { $0.moved(moves.0, moves.1, moves.2) }
    }
    segment.requests += previous.requests[requests]
    segment.requestSlots += previous.requestSlots[requests]
    segment.constants += previous.constants[constants]
    unsafe segment.kernels += previous.kernels[kernels]
    segment.kernelNodes += previous.kernelNodes[kernels]
    segment.arguments += previous.arguments[kernels]
  }
}

extension NodeRecord {
  fileprivate func moved(_ requests: Int, _ constants: Int, _ kernels: Int) -> NodeRecord {
    func moved(_ range: Range<Int>, _ distance: Int) -> Range<Int> {
      (range.lowerBound + distance)..<(range.upperBound + distance)
    }
    var copy = self
    copy.requests = moved(self.requests, requests)
    copy.constants = moved(self.constants, constants)
    copy.kernels = moved(self.kernels, kernels)
    return copy
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
