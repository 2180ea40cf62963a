internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import CApusPlatform

/// Turns a plan into segments for given input shapes: infers every shape, folds what follows from
/// shapes alone, makes kernels and plans memory.
struct Specializer {
  let plan: Plan
  let sources: [String: any TacticSource]
  let workers: Int
  /// The profile whose tactics are taken.
  let profile: Int
  /// Position in the execution order of each value's last reader, views looked through; values that
  /// leave the graph live to the end.
  let lastUse: [ValueID: Int]
  /// Values that share memory through views, mapped to the value that owns it.
  let roots: [ValueID: ValueID]

  /// Results up to this many elements are folded when they follow from shapes.
  static let foldLimit = 1 << 16

  /// The same for another profile.
  init(_ other: Specializer, profile: Int) {
    plan = other.plan
    sources = other.sources
    workers = other.workers
    lastUse = other.lastUse
    roots = other.roots
    self.profile = profile
  }

  /// The tactics and packed weights of the profile.
  var choice: Plan.Choice { plan.choices[profile] }

  init(plan: Plan, sources: [any TacticSource], workers: Int) {
    self.plan = plan
    self.profile = 0
    self.sources = Dictionary(
      sources.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.workers = workers
    var roots: [ValueID: ValueID] = [:]
    var lastUse: [ValueID: Int] = [:]
    for (position, id) in plan.graph.order.enumerated() {
      let node = plan.graph[id]
      if node.operation is any ViewOperator, let data = node.operands.first ?? nil,
        let result = node.results.first
      {
        roots[result] = roots[data] ?? data
      }
      for case let operand? in node.operands { lastUse[roots[operand] ?? operand] = position }
    }
    for output in plan.graph.outputs { lastUse[roots[output.value] ?? output.value] = .max }
    self.roots = roots
    self.lastUse = lastUse
  }

  func root(_ value: ValueID) -> ValueID { roots[value] ?? value }

  /// The state before the first node: inputs bound to slots, weights known.
  func start(inputShapes: [[Int]]) throws(RuntimeError) -> SpecializationState {
    var state = SpecializationState()
    let inputs = zip(plan.graph.inputs, inputShapes).map { input, shape in
      SymbolBindings.Input(
        name: plan.graph[input].name, type: plan.graph.type(input), shape: shape)
    }
    do { state.bindings = try SymbolBindings.bind(inputs) } catch { throw .binding(error) }
    for (input, shape) in zip(plan.graph.inputs, inputShapes) {
      state.facts[input] = Fact(TensorType(plan.graph.type(input).element, fixed: shape))
      state.slots[input] = state.slotCount
      state.slotCount += 1
    }
    return state
  }

  /// Specialises from `state` to the end of the graph or the next data-dependent shape.
  func segment(from state: SpecializationState) throws(RuntimeError) -> Segment {
    let segment = Segment(state: state)
    var assembly = SegmentAssembly(specializer: self, segment: segment, state: state)
    try assembly.run()
    return segment
  }
}

/// The work of making one segment.
struct SegmentAssembly {
  let specializer: Specializer
  let segment: Segment
  var state: SpecializationState
  private var requests: [ArenaPlan.Request] = []
  private var requestSlots: [UInt32] = []
  private var kernelStart = 0

  init(specializer: Specializer, segment: Segment, state: SpecializationState) {
    self.specializer = specializer
    self.segment = segment
    self.state = state
  }

  private var graph: Graph { specializer.plan.graph }

  mutating func run() throws(RuntimeError) {
    let order = specializer.plan.graph.order
    while state.position < order.count {
      let node = specializer.plan.graph[order[state.position]]
      guard try place(node) else { break }
      state.position += 1
    }
    closeKernels()
    for output in specializer.plan.graph.outputs where state.position == order.count {
      _ = try slot(of: output.value, isWeightView: false)
    }
    let arena = ArenaPlan(requests)
    for (slot, offset) in zip(requestSlots, arena.offsets) {
      segment.placements.append((slot, state.arenaBase + offset))
    }
    state.arenaBase += arena.byteCount
    segment.arenaByteCount = state.arenaBase
    segment.state = state
  }

  /// The fact of a value at this specialisation.
  private func fact(_ value: ValueID) -> Fact {
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
    guard inferred.allSatisfy({ $0.type.fixedShape != nil }) else {
      closeKernels()
      segment.boundary = try boundary(node, facts)
      return false
    }
    for (result, fact) in zip(node.results, inferred) { state.facts[result] = fact }
    if try fold(node, facts, inferred) { return true }
    if node.operation is any ViewOperator, let data = node.operands[0] {
      if fact(data).constant == nil {
        state.slots[node.results[0]] = try slot(of: data)
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
    guard !isPacked, node.operation.isDeterministic,
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
      let values = try node.operation.evaluate(operands, inferred.map(\.type))
      for (result, value) in zip(node.results, values) {
        state.facts[result] = Fact(constant: value)
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
    for (operand, fact) in zip(node.operands, facts) {
      // Shapes follow from small integer vectors, or from scalars such as the bounds of a range.
      guard let operand, let fact, fact.known == nil, let count = fact.type.elementCount,
        count <= (fact.element.isInteger ? Fact.contentLimit : 1), !needed.contains(operand)
      else { continue }
      needed.append(operand)
      _ = try slot(of: operand)
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
      } else {
        operands.append(.slot(try slot(of: operand), fact.type))
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
      closeKernels()
      segment.work.append(.host(try hostStep(node, facts, results: types)))
      return
    }
    guard let source = specializer.sources[tactic.source] else {
      throw .noTacticSource(node: node.name, source: tactic.source)
    }
    var instance = try makeInstance(node, facts, types)
    do { try source.instantiate(tactic, &instance) } catch { throw .tactic(node: node.name, error) }
    for workspace in instance.workspaces {
      requests.append(
        .init(byteCount: workspace.byteCount, first: state.position, last: state.position))
      requestSlots.append(workspace.slot)
    }
    state.slotCount += UInt32(instance.workspaces.count)
    for step in instance.steps {
      segment.kernels.append(
        apus_step(run: step.run, args: step.arguments.address, chunks: step.chunks, reserved: 0))
      segment.kernelNodes.append(node.id)
      segment.arguments.append(step.arguments)
    }
  }

  private mutating func makeInstance(
    _ node: Node, _ facts: [Fact?], _ results: [TensorType]
  ) throws(RuntimeError) -> RegionInstance {
    var operandSlots: [UInt32] = []
    var packedSlots: [Int: UInt32] = [:]
    for (index, operand) in node.operands.enumerated() {
      if let packed = specializer.choice.packed[.init(node: node.id, operand: index)] {
        let slot = newSlot()
        segment.constants.append((slot, packed))
        packedSlots[index] = slot
        operandSlots.append(0)
      } else if let operand {
        operandSlots.append(try slot(of: operand))
      } else {
        operandSlots.append(0)
      }
    }
    let known = facts.map { $0?.known }
    return RegionInstance(
      region: Region(node, in: specializer.plan.graph), operandTypes: facts.map { $0?.type },
      resultTypes: results, known: known, operandSlots: operandSlots,
      resultSlots: node.results.map { state.slots[$0] ?? 0 }, packedSlots: packedSlots,
      workers: specializer.workers, firstWorkspace: state.slotCount)
  }

  private mutating func newSlot() -> UInt32 {
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
    requests.append(
      .init(
        byteCount: bytes, first: state.position,
        last: max(specializer.lastUse[value] ?? state.position, state.position)))
    requestSlots.append(slot)
  }

  /// The slot of a value, placing constants on first use.
  private mutating func slot(
    of value: ValueID, isWeightView: Bool = true
  ) throws(RuntimeError) -> UInt32 {
    if let slot = state.slots[value] { return slot }
    guard let known = fact(value).known else { return 0 }
    let slot = newSlot()
    do { segment.constants.append((slot, try known.densified())) } catch { throw .tensor(error) }
    state.slots[value] = slot
    return slot
  }

  private mutating func closeKernels() {
    if segment.kernels.count > kernelStart {
      segment.work.append(.kernels(kernelStart..<segment.kernels.count))
    }
    kernelStart = segment.kernels.count
  }
}
