internal import ApusEngine
package import ApusIR
package import ApusTensor
internal import CApusPlatform

/// Runs an engine with its own activations. One thread at a time; make one session a thread.
package final class Session {
  package let engine: Engine
  package let options: SessionOptions
  /// Stops a run between kernels when raised.
  package let cancellation = Cancellation()

  private var cache = SegmentCache()
  private var arena: Storage?
  private var slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var slotCapacity: Int
  private let status: UnsafeMutablePointer<ApusStatus>
  /// Keeps what slots point to alive during a run.
  private var retained: [HostTensor] = []
  /// Time per node of profiled runs, in nanoseconds.
  package private(set) var profile = LayerProfile()

  init(engine: Engine, options: SessionOptions) {
    self.engine = engine
    self.options = options
    slotCapacity = 64
    slots = .allocate(capacity: slotCapacity)
    slots.initialize(repeating: nil, count: slotCapacity)
    status = .allocate(capacity: 1)
    status.initialize(to: ApusStatus())
  }

  deinit {
    slots.deallocate()
    status.deallocate()
  }

  /// What a run does beside computing.
  package struct RunOptions {
    /// Times every kernel into `profile`.
    package var isProfiled = false
    /// Called after each node with the values it computed, in the plan's own memory: fusion is as in
    /// any other run.
    package var observer: ((Node, [HostTensor]) -> Void)?

    package init() {}
  }

  /// Bytes of activation memory that the session holds.
  package var arenaByteCount: Int { arena?.byteCount ?? 0 }

  package func resetProfile() { profile = LayerProfile() }

  /// Computes the outputs for inputs by name. Any shapes that agree with the input types are fine;
  /// shapes seen before cost nothing extra.
  package func run(
    _ inputs: [String: HostTensor], _ runOptions: RunOptions = RunOptions()
  ) throws(RuntimeError) -> [String: HostTensor] {
    let ordered = try order(inputs)
    let results = try run(ordered: ordered, runOptions)
    return Dictionary(
      zip(engine.plan.graph.outputs.map(\.name), results), uniquingKeysWith: { first, _ in first })
  }

  private func order(_ inputs: [String: HostTensor]) throws(RuntimeError) -> [HostTensor] {
    for name in inputs.keys.sorted() where engine.inputIndex[name] == nil {
      throw .unknownInput(name: name, known: engine.inputs.map(\.name))
    }
    var ordered: [HostTensor] = []
    for (name, type) in engine.inputs {
      guard let tensor = inputs[name] else { throw .missingInput(name: name, expected: type) }
      ordered.append(tensor)
    }
    return ordered
  }

  /// Computes the outputs for inputs in the graph's order.
  package func run(
    ordered inputs: [HostTensor], _ runOptions: RunOptions = RunOptions()
  ) throws(RuntimeError) -> [HostTensor] {
    try engine.verify()
    let graph = engine.plan.graph
    try check(inputs)
    if engine.holdsText {
      do { return try ReferenceEvaluator(graph).run(inputs) } catch { throw .reference(error) }
    }
    retained.removeAll(keepingCapacity: true)
    defer { retained.removeAll(keepingCapacity: true) }
    status.pointee = ApusStatus()

    let specializer = engine.specializer
    let shapes = inputs.map(\.shape)
    var segment: Segment
    if let known = cache.find(shapes) {
      segment = known
    } else {
      segment = try specializer.segment(from: specializer.start(inputShapes: shapes))
      cache.insert(segment, for: shapes, limit: options.cachedShapes)
    }
    var visited: [Segment] = []
    var outputs = OutputBuffers(graph)
    while true {
      visited.append(segment)
      try prepare(segment, visited, inputs: inputs, outputs: &outputs)
      try execute(segment, runOptions)
      switch segment.boundary {
      case .finished: return try outputs.collect(graph, segment.state, slots, inputs)
      case .read(let values, _):
        segment = try follow(segment, reading: values, specializer)
      case .evaluate(let step, _):
        segment = try follow(segment, evaluating: step, specializer)
      }
    }
  }

  /// Checks element types against the graph's inputs; shapes are checked when they are first met.
  private func check(_ inputs: [HostTensor]) throws(RuntimeError) {
    if inputs.count < engine.inputs.count {
      let missing = engine.inputs[inputs.count]
      throw .missingInput(name: missing.name, expected: missing.type)
    }
    guard inputs.count == engine.inputs.count else {
      throw .unknownInput(name: "#\(engine.inputs.count)", known: engine.inputs.map(\.name))
    }
    for ((name, type), tensor) in zip(engine.inputs, inputs) {
      guard type.element == tensor.element else {
        throw .inputType(name: name, expected: type, found: tensor.type)
      }
    }
  }

  // MARK: Memory

  private func prepare(
    _ segment: Segment, _ visited: [Segment], inputs: [HostTensor],
    outputs: inout OutputBuffers
  ) throws(RuntimeError) {
    if let limit = options.memoryLimit, segment.arenaByteCount > limit {
      throw .memoryLimit(needed: segment.arenaByteCount, limit: limit)
    }
    ensureSlots(Int(segment.state.slotCount))
    slots[0] = UnsafeMutableRawPointer(status)
    var placed: ArraySlice<Segment> = visited.suffix(1)
    if (arena?.byteCount ?? 0) < segment.arenaByteCount || arena == nil {
      try growArena(to: segment.arenaByteCount, keep: visited.count > 1)
      placed = visited[...]
    }
    guard let base = arena?.address else { return }
    for segment in placed {
      for (slot, offset) in segment.placements { slots[Int(slot)] = base + offset }
    }
    for (slot, tensor) in segment.constants { slots[Int(slot)] = tensor.denseAddress }
    if visited.count == 1 {
      for (index, tensor) in inputs.enumerated() {
        let dense: HostTensor
        do { dense = try tensor.densified() } catch { throw .tensor(error) }
        retained.append(dense)
        slots[index + 1] = dense.denseAddress
      }
    }
    if case .finished = segment.boundary {
      try outputs.redirect(engine.plan.graph, segment, engine.specializer, slots)
    }
  }

  private func ensureSlots(_ count: Int) {
    guard count > slotCapacity else { return }
    let capacity = max(count, slotCapacity * 2)
    let larger = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: capacity)
    larger.initialize(repeating: nil, count: capacity)
    larger.update(from: slots, count: slotCapacity)
    slots.deallocate()
    slots = larger
    slotCapacity = capacity
  }

  private func growArena(to byteCount: Int, keep: Bool) throws(RuntimeError) {
    let larger: Storage
    do { larger = try Storage.uninitialized(byteCount: byteCount) } catch { throw .tensor(error) }
    if keep, let arena {
      larger.address.copyMemory(from: arena.address, byteCount: arena.byteCount)
    }
    arena = larger
  }

  // MARK: Execution

  private func execute(_ segment: Segment, _ options: RunOptions) throws(RuntimeError) {
    for work in segment.work {
      if cancellation.isCancelled { throw .cancelled }
      switch work {
      case .host(let step): try execute(step, options)
      case .kernels(let range):
        if options.observer != nil {
          for index in range {
            try execute(segment, index..<(index + 1), options)
            let last = index + 1 == segment.kernelNodes.count
            if last || segment.kernelNodes[index + 1] != segment.kernelNodes[index] {
              observe(segment, segment.kernelNodes[index], options)
            }
          }
        } else {
          try execute(segment, range, options)
        }
      }
    }
  }

  private func execute(
    _ segment: Segment, _ range: Range<Int>, _ options: RunOptions
  ) throws(RuntimeError) {
    var times = [UInt64](repeating: 0, count: options.isProfiled ? range.count : 0)
    let done = segment.kernels.withUnsafeBufferPointer { kernels in
      times.withUnsafeMutableBufferPointer { times in
        apus_pool_run_steps(
          engine.pool.pool, kernels.baseAddress! + range.lowerBound, UInt32(range.count), slots,
          cancellation.flag, options.isProfiled ? times.baseAddress : nil)
      }
    }
    if Int(done) < range.count {
      let node = engine.plan.graph[segment.kernelNodes[range.lowerBound + Int(done)]]
      throw failure(node)
    }
    for (offset, time) in times.enumerated() {
      profile.add(segment.kernelNodes[range.lowerBound + offset], nanoseconds: time)
    }
  }

  private func failure(_ node: Node) -> RuntimeError {
    let error: EvaluationError
    switch status.pointee.code {
    case 1:
      error = .indexOutOfRange(
        operand: "indices", index: Int(status.pointee.value), limit: Int(status.pointee.limit))
    case 2: error = .divisionByZero
    default: return .cancelled
    }
    return .evaluation(node: node.name, operation: node.operation.name, error)
  }

  private func execute(_ step: Segment.HostStep, _ options: RunOptions) throws(RuntimeError) {
    let start = apus_clock_monotonic()
    let values = try evaluate(step)
    for (index, value) in values.enumerated() where index < step.resultSlots.count {
      guard let target = slots[Int(step.resultSlots[index])] else { continue }
      value.withBytes { bytes in
        if let source = bytes.baseAddress {
          target.copyMemory(from: source, byteCount: bytes.count)
        }
      }
    }
    if options.isProfiled {
      profile.add(step.node.id, nanoseconds: apus_clock_monotonic() - start)
    }
    options.observer?(step.node, values)
  }

  private func evaluate(_ step: Segment.HostStep) throws(RuntimeError) -> [HostTensor] {
    var operands: [HostTensor?] = []
    for operand in step.operands {
      switch operand {
      case nil: operands.append(nil)
      case .known(let tensor): operands.append(tensor)
      case .slot(let slot, let type): operands.append(try view(slot, type))
      }
    }
    do { return try step.node.operation.evaluate(operands, step.results) } catch {
      throw .evaluation(node: step.node.name, operation: step.node.operation.name, error)
    }
  }

  /// A tensor over a slot's memory; it must not outlive the run.
  private func view(_ slot: UInt32, _ type: TensorType) throws(RuntimeError) -> HostTensor {
    guard let address = slots[Int(slot)], let bytes = type.byteCount,
      let shape = type.fixedShape
    else { throw .tensor(.outOfMemory(byteCount: type.byteCount ?? 0)) }
    do {
      return try HostTensor(
        type.element, shape: shape,
        storage: .borrowing(mutable: address, byteCount: bytes, owner: self))
    } catch { throw .tensor(error) }
  }

  private func observe(_ segment: Segment, _ id: NodeID, _ options: RunOptions) {
    let node = engine.plan.graph[id]
    var values: [HostTensor] = []
    for result in node.results {
      guard let slot = segment.state.slots[result], let fact = segment.state.facts[result],
        let value = try? view(slot, fact.type).copied()
      else { return }
      values.append(value)
    }
    options.observer?(node, values)
  }

  // MARK: Data-dependent shapes

  private func follow(
    _ segment: Segment, reading values: [ValueID], _ specializer: Specializer
  ) throws(RuntimeError) -> Segment {
    var contents: [HostTensor] = []
    var key = SegmentKey(shapes: [], contents: [])
    for value in values {
      guard let slot = segment.state.slots[value], let fact = segment.state.facts[value] else {
        continue
      }
      let borrowed = try view(slot, fact.type)
      do throws(TensorError) {
        let tensor = try borrowed.copied()
        key.contents.append(tensor.packedBytes.map(Int.init))
        contents.append(tensor)
      } catch { throw .tensor(error) }
    }
    if let next = segment.next[key] { return next }
    var state = segment.state
    for (value, tensor) in zip(values, contents) { state.facts[value] = Fact(constant: tensor) }
    return try extend(segment, key, state, specializer)
  }

  private func follow(
    _ segment: Segment, evaluating step: Segment.HostStep, _ specializer: Specializer
  ) throws(RuntimeError) -> Segment {
    let values = try evaluate(step)
    let key = SegmentKey(shapes: values.map(\.shape), contents: [])
    var state = segment.state
    for (index, (result, value)) in zip(step.node.results, values).enumerated() {
      state.facts[result] = Fact(value.type)
      state.slots[result] = state.slotCount + UInt32(index)
      retained.append(value)
    }
    let first = Int(state.slotCount)
    state.slotCount += UInt32(values.count)
    state.position += 1
    ensureSlots(Int(state.slotCount))
    for (index, value) in values.enumerated() {
      let dense: HostTensor
      do { dense = try value.densified() } catch { throw .tensor(error) }
      retained.append(dense)
      slots[first + index] = dense.denseAddress
    }
    if let next = segment.next[key] { return next }
    return try extend(segment, key, state, specializer)
  }

  private func extend(
    _ segment: Segment, _ key: SegmentKey, _ state: SpecializationState, _ specializer: Specializer
  ) throws(RuntimeError) -> Segment {
    let next = try specializer.segment(from: state)
    if segment.next.count >= options.cachedShapes { segment.next.removeAll() }
    segment.next[key] = next
    return next
  }
}
