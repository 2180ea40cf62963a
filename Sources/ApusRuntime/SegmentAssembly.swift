internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusPlatform

/// The work of making one segment.
struct SegmentAssembly {
  let specializer: Specializer
  let segment: Segment
  var state: SpecializationState
  /// A segment from the same start at other shapes.
  let previous: Segment?
  /// Values that are what they were in `previous`.
  var unchanged: ValueTable<Bool>
  private var kernelStart = 0

  init(
    specializer: Specializer, segment: Segment, state: SpecializationState, previous: Segment?
  ) {
    self.specializer = specializer
    self.segment = segment
    self.state = state
    self.previous = previous?.firstPosition == state.position ? previous : nil
    self.unchanged = ValueTable(specializer.positions)
    segment.firstPosition = state.position
    compareInputs()
  }

  mutating func run() throws(RuntimeError) {
    let order = specializer.plan.graph.order
    while true {
      takeOver()
      guard state.position < order.count else { break }
      let node = specializer.plan.graph[order[state.position]]
      let mark = mark(node)
      guard try place(node) else { break }
      record(node, since: mark)
      state.position += 1
    }
    if state.position == order.count {
      for output in specializer.plan.graph.outputs
      where !isCached(output.value) && !specializer.isHosted(output.value) {
        _ = try denseSlot(of: output.value, for: nil)
      }
    }
    closeKernels()
    let arena =
      if let previous, previous.requests == segment.requests { previous.arena } else {
        ArenaPlan(segment.requests)
      }
    segment.arena = arena
    for (slot, offset) in zip(segment.requestSlots, arena.offsets) {
      segment.placements.append((slot, state.arenaBase + offset))
    }
    state.arenaBase += arena.byteCount
    segment.arenaByteCount = state.arenaBase
    segment.state = state
  }

  /// The fact of a value at this specialisation.
  func fact(_ value: ValueID) -> Fact {
    state.facts[value] ?? specializer.plan.graph.fact(value)
  }

  /// Handles one node; false at a boundary.
  private mutating func place(_ node: Node) throws(RuntimeError) -> Bool {
    let facts = node.operands.map { $0.map(fact) }
    let inferred: [Fact]
    do {
      inferred = try infer(node.operation, facts).map { $0.substituting(state.bindings) }
    } catch {
      throw .type(node: node.name, operation: node.operation.name, error)
    }
    let isSettled = inferred.allSatisfy {
      $0.valueType.isTensor && $0.type.fixedShape != nil
    }
    if isSettled {
      for (result, fact) in zip(node.results, inferred) { state.facts[result] = fact }
      if try append(node, facts, inferred) { return true }
      if try fold(node, facts, inferred) { return true }
    }
    guard isSettled, !specializer.isHosted(node) else {
      closeKernels()
      segment.boundary = try boundary(node, facts)
      return false
    }
    if node.operation is any ViewOperator, let data = node.operands[0] {
      if fact(data).constant == nil {
        try view(data, as: node.results[0], for: node)
      } else if let constant = fact(data).constant, let shape = inferred[0].type.fixedShape {
        do { state.facts[node.results[0]] = Fact(constant: try constant.reshaped(shape)) } catch {
          throw .tensor(error)
        }
      }
      return true
    }
    try instantiate(node, facts, inferred)
    return true
  }

  /// Evaluates a node whose operands are known and whose results are small.
  private mutating func fold(
    _ node: Node, _ facts: [Fact?], _ inferred: [Fact]
  ) throws(RuntimeError) -> Bool {
    if inferred.allSatisfy({ $0.known != nil }) {
      for (result, fact) in zip(node.results, inferred) {
        if let known = fact.known { state.facts[result] = Fact(constant: known) }
      }
      return true
    }
    // Packed weights may stand in for operands whose own elements are gone.
    let isPacked = node.operands.indices.contains {
      specializer.choice.packed[.init(node: node.id, operand: $0)] != nil
    }
    guard !isPacked, node.operation.isDeterministic, !(node.operation is any ValueOperator),
      inferred.allSatisfy({ ($0.type.elementCount ?? .max) <= Specializer.foldLimit })
    else { return false }
    var operands: [HostTensor?] = []
    var elements = 0
    for fact in facts {
      guard let fact else {
        operands.append(nil)
        continue
      }
      guard let known = fact.known else { return false }
      elements += known.isSplat ? 1 : known.count
      operands.append(known)
    }
    guard elements <= 4 * Specializer.foldLimit else { return false }
    do {
      let values = try node.operation.evaluate(
        any: operands.map { $0.map(HostValue.tensor) }, inferred.map(\.valueType),
        EvaluationContext(Specializer.foldLimits))
      for (result, value) in zip(node.results, values) {
        if let tensor = value.tensor { state.facts[result] = Fact(constant: tensor) }
      }
    } catch {
      throw .evaluation(node: node.name, operation: node.operation.name, error)
    }
    return true
  }

  private mutating func boundary(
    _ node: Node, _ facts: [Fact?]
  ) throws(RuntimeError) -> Segment.Boundary {
    var needed: [ValueID] = []
    for (operand, fact) in zip(node.operands, facts) where !specializer.isHosted(node) {
      // Shapes follow from small integer vectors, or from scalars such as the bounds of a range.
      guard let operand, let fact, fact.known == nil, let count = fact.type.elementCount,
        count <= (fact.element.isInteger ? Fact.contentLimit : 1), !needed.contains(operand)
      else { continue }
      needed.append(operand)
      _ = try denseSlot(of: operand, for: node)
    }
    if !needed.isEmpty { return .read(needed, node: state.position) }
    return .evaluate(try hostStep(node, facts, results: []), node: state.position)
  }

  private mutating func hostStep(
    _ node: Node, _ facts: [Fact?], results: [TensorType]
  ) throws(RuntimeError) -> Segment.HostStep {
    var operands: [Segment.HostOperand?] = []
    for (operand, fact) in zip(node.operands, facts) {
      guard let operand, let fact else {
        operands.append(nil)
        continue
      }
      if let known = fact.known {
        operands.append(.known(known))
      } else if specializer.isHosted(operand) {
        operands.append(.hosted(operand))
      } else {
        operands.append(.slot(try denseSlot(of: operand, for: node), fact.type))
      }
    }
    return Segment.HostStep(
      node: node, operands: operands, results: results,
      resultSlots: results.isEmpty ? [] : node.results.map { state.slots[$0] ?? 0 })
  }

  /// Makes the node's kernels, or a host step where its tactic is the reference.
  private mutating func instantiate(
    _ node: Node, _ facts: [Fact?], _ inferred: [Fact]
  ) throws(RuntimeError) {
    let types = inferred.map(\.type)
    if types.allSatisfy({ $0.elementCount == 0 }) {
      for (result, fact) in zip(node.results, inferred) {
        if let empty = try? HostTensor(zeros: fact.element, shape: fact.type.fixedShape ?? []) {
          state.facts[result] = Fact(constant: empty)
        }
      }
      return
    }
    for (result, type) in zip(node.results, types) { try allocate(result, type) }
    let tactic = specializer.choice.tactics[node.id] ?? ReferenceTactics.tactic
    if tactic.source == ReferenceTactics.name {
      // Making the step may append kernels that copy its operands.
      let step = try hostStep(node, facts, results: types)
      closeKernels()
      segment.work.append(.host(step))
      return
    }
    guard let source = specializer.sources[tactic.source] else {
      throw .noTacticSource(node: node.name, source: tactic.source)
    }
    var instance = try makeInstance(node, facts, types, tactic, source)
    do { try source.instantiate(tactic, &instance) } catch { throw .tactic(node: node.name, error) }
    add(instance, for: node.id)
  }

  /// Adds the kernels of an instance to the segment.
  mutating func add(_ instance: RegionInstance, for node: NodeID) {
    for workspace in instance.workspaces {
      request(
        workspace.slot, byteCount: workspace.byteCount, first: state.position, last: state.position)
    }
    state.slotCount += UInt32(instance.workspaces.count)
    for step in instance.steps {
      unsafe segment.kernels.append(
        apus_step(run: step.run, args: step.arguments.address, chunks: step.chunks, reserved: 0))
      segment.kernelNodes.append(node)
      segment.arguments.append(step.arguments)
    }
  }

  mutating func makeInstance(
    _ node: Node, _ facts: [Fact?], _ results: [TensorType], _ tactic: Tactic,
    _ source: any TacticSource
  ) throws(RuntimeError) -> RegionInstance {
    let region = Region(node, in: specializer.plan.graph)
    var operandSlots: [UInt32] = []
    var packedSlots: [Int: UInt32] = [:]
    var operandStrides: [Int: [Int]] = [:]
    var resultStrides: [Int: [Int]] = [:]
    for (index, operand) in node.operands.enumerated() {
      if let packed = specializer.choice.packed[.init(node: node.id, operand: index)] {
        let slot = newSlot()
        segment.constants.append((slot, packed))
        packedSlots[index] = slot
        operandSlots.append(0)
      } else if let operand {
        if let strides = state.strides[operand],
          source.stridedAccess(tactic, region).operands.contains(index)
        {
          operandStrides[index] = strides
          operandSlots.append(try slot(of: operand))
        } else {
          operandSlots.append(try denseSlot(of: operand, for: node))
        }
      } else {
        operandSlots.append(0)
      }
    }
    for (index, result) in node.results.enumerated() {
      if let strides = state.strides[result] { resultStrides[index] = strides }
    }
    let known = facts.map { $0?.known }
    return RegionInstance(
      region: region, operandTypes: facts.map { $0?.type }, resultTypes: results, known: known,
      operandSlots: operandSlots, resultSlots: node.results.map { state.slots[$0] ?? 0 },
      packedSlots: packedSlots, workers: specializer.workers, firstWorkspace: state.slotCount,
      operandStrides: operandStrides, resultStrides: resultStrides)
  }

  mutating func newSlot() -> UInt32 {
    defer { state.slotCount += 1 }
    return state.slotCount
  }

  /// Gives a computed value a slot in the arena.
  private mutating func allocate(_ value: ValueID, _ type: TensorType) throws(RuntimeError) {
    guard let bytes = type.byteCount else {
      throw .tensor(.tooLarge(element: type.element, shape: type.fixedShape ?? []))
    }
    let slot = newSlot()
    state.slots[value] = slot
    request(
      slot, byteCount: bytes, first: state.position,
      last: max(specializer.lastUse[value] ?? state.position, state.position))
  }

  /// Asks for arena memory behind a slot.
  mutating func request(_ slot: UInt32, byteCount: Int, first: Int, last: Int) {
    segment.requests.append(
      .init(byteCount: ArenaPlan.roomy(byteCount), first: first, last: last))
    segment.requestSlots.append(slot)
  }

  /// The slot of a value, placing constants on first use.
  mutating func slot(of value: ValueID) throws(RuntimeError) -> UInt32 {
    if let slot = state.slots[value] { return slot }
    guard let known = fact(value).known else { return 0 }
    let slot = newSlot()
    do { segment.constants.append((slot, try known.densified())) } catch { throw .tensor(error) }
    state.slots[value] = slot
    return slot
  }

  mutating func closeKernels() {
    if unsafe segment.kernels.count > kernelStart {
      unsafe segment.work.append(.kernels(kernelStart..<segment.kernels.count))
    }
    kernelStart = unsafe segment.kernels.count
  }
}
