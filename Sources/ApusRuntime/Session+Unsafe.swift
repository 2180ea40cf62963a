internal import ApusEngine
package import ApusIR
package import ApusTensor
internal import CApusPlatform

/// Runs an engine with its own activations. One thread at a time; make one session a thread.
@safe package final class Session {
  package let engine: Engine
  package let options: SessionOptions
  /// Stops a run between kernels when raised.
  package let cancellation = Cancellation()

  private var cache = SegmentCache()
  private var arena: Storage?
  var slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private var slotCapacity: Int
  private let status: UnsafeMutablePointer<ApusStatus>
  /// Keeps what slots point to alive during a run.
  private var retained: [HostTensor] = []
  /// Values of the run that no arena can hold: containers and strings.
  var hosted: [ValueID: HostValue] = [:]
  /// Bytes of what `hosted` came to hold during the run.
  var hostedBytes = 0
  /// Bytes that the run may take.
  var memoryLimit = 0
  /// What bounds nodes that the reference evaluates.
  var context = EvaluationContext()
  /// The profile of the segment that was made last.
  private var latestProfile = 0
  /// What the last run left behind for runs of the same shapes.
  private(set) var direct: DirectRun?
  /// Time per node of profiled runs, in nanoseconds.
  package internal(set) var profile = LayerProfile()

  init(engine: Engine, options: SessionOptions) {
    self.engine = engine
    self.options = options
    slotCapacity = 64
    unsafe slots = .allocate(capacity: slotCapacity)
    unsafe slots.initialize(repeating: nil, count: slotCapacity)
    unsafe status = .allocate(capacity: 1)
    unsafe status.initialize(to: ApusStatus())
  }

  deinit {
    unsafe slots.deallocate()
    unsafe status.deallocate()
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
    let ordered = try order(inputs).compactMap { $0 }
    let results = try run(ordered: ordered, runOptions)
    return Dictionary(
      zip(engine.plan.graph.outputs.map(\.name), results), uniquingKeysWith: { first, _ in first })
  }

  /// As `run`, with the past in `cache`: inputs that the cache holds are not given, what extends them
  /// is not returned. The cache is extended when the run succeeds.
  package func run(
    _ inputs: [String: HostTensor], cache: KVCache, _ runOptions: RunOptions = RunOptions()
  ) throws(RuntimeError) -> [String: HostTensor] {
    guard cache.engine === engine else { throw .cache(.otherEngine) }
    let graph = engine.plan.graph
    for output in graph.outputs where !graph.valueType(output.value).isTensor {
      throw .outputKind(name: output.name, found: graph.valueType(output.value))
    }
    let pairs = engine.cachePairs
    for pair in pairs where inputs[pair.input] != nil { throw .cache(.given(input: pair.input)) }
    let ordered = try order(inputs, cached: Set(pairs.map(\.inputIndex)))
    try cache.acquire()
    defer { cache.release() }
    let results = try run(ordered.map { $0.map(HostValue.tensor) }, cache, runOptions)
    var named: [String: HostTensor] = [:]
    for (output, result) in zip(graph.outputs, results) {
      if let tensor = result?.tensor { named[output.name] = named[output.name] ?? tensor }
    }
    return named
  }

  /// Computes the outputs for inputs in the graph's order.
  package func run(
    ordered inputs: [HostTensor], _ runOptions: RunOptions = RunOptions()
  ) throws(RuntimeError) -> [HostTensor] {
    if let results = try runDirectly(inputs, runOptions) { return results }
    var tensors: [HostTensor] = []
    for (output, value) in zip(
      engine.plan.graph.outputs, try run(values: inputs.map(HostValue.tensor), runOptions))
    {
      guard let tensor = value.tensor else {
        throw .outputKind(name: output.name, found: value.type)
      }
      tensors.append(tensor)
    }
    return tensors
  }

  /// Computes the outputs for inputs of any kind in the graph's order.
  package func run(
    values inputs: [HostValue], _ runOptions: RunOptions = RunOptions()
  ) throws(RuntimeError) -> [HostValue] {
    try run(inputs, nil, runOptions).compactMap { $0 }
  }

  /// Computes the outputs; with a cache, inputs and outputs that it holds are nil.
  private func run(
    _ inputs: [HostValue?], _ kvCache: KVCache?, _ runOptions: RunOptions
  ) throws(RuntimeError) -> [HostValue?] {
    try engine.verify()
    let graph = engine.plan.graph
    try check(inputs)
    func clear() {
      retained.removeAll(keepingCapacity: true)
      hosted.removeAll(keepingCapacity: true)
      hostedBytes = 0
    }
    clear()
    defer { clear() }
    resetStatus()
    direct = nil

    memoryLimit =
      options.limits.memory
      ?? MemoryPolicy.defaultLimit(
        weightBytes: engine.weightBytes,
        inputBytes: inputs.reduce(0) { $0 &+ ($1?.storedByteCount ?? 0) })
    context = EvaluationContext(options.limits)
    context.memoryLimit = memoryLimit
    context.isCancelled = { [cancellation] in cancellation.isCancelled }
    let profile = try self.profile(for: inputs.map { $0?.tensor?.shape ?? [] })
    let specializer = engine.specializers[profile]
    for (id, value) in zip(graph.inputs, inputs) where specializer.isHosted(id) {
      hosted[id] = value
    }
    var segment = try firstSegment(inputs, kvCache, specializer)
    var visited: [Segment] = []
    let cached = kvCache == nil ? [] : Set(specializer.cachePairs.map(\.present))
    var outputs = OutputBuffers(cached: cached)
    while true {
      visited.append(segment)
      try prepare(segment, visited, inputs: inputs, kvCache, outputs: &outputs)
      try execute(segment, runOptions)
      switch segment.boundary {
      case .finished:
        let results = try unsafe outputs.collect(graph, segment.state, slots, hosted)
        if let length = segment.state.cacheLength { kvCache?.commit(length: length) }
        if kvCache == nil, visited.count == 1, hosted.isEmpty {
          direct = DirectRun(segment, graph, shapes: inputs.map { $0?.tensor?.shape ?? [] })
        }
        return results
      case .read(let values, _):
        segment = try follow(segment, reading: values, specializer)
      case .evaluate(let step, _):
        segment = try follow(segment, evaluating: step, specializer)
      }
    }
  }

  /// The profile that inputs of these shapes are run by.
  package func profile(for shapes: [[Int]]) throws(RuntimeError) -> Int {
    guard let fixed = options.profile else { return engine.plan.profile(for: shapes) }
    guard engine.plan.choices.indices.contains(fixed) else {
      throw .unknownProfile(fixed, count: engine.plan.profiles.count)
    }
    return fixed
  }

  /// The segment that the shapes of the inputs start with.
  private func firstSegment(
    _ inputs: [HostValue?], _ kvCache: KVCache?, _ specializer: Specializer
  ) throws(RuntimeError) -> Segment {
    var key = SegmentCache.Key(shapes: inputs.map { $0?.tensor?.shape ?? [] })
    var shapes: InputShapes?
    if let kvCache {
      let bound = try specializer.bind(inputs, kvCache)
      key = SegmentCache.Key(shapes: bound.inputs, layout: bound.cache)
      shapes = bound
    }
    if let known = cache.find(key) { return known }
    let bound: InputShapes
    if let shapes { bound = shapes } else { bound = try specializer.bind(key.shapes) }
    // Kernels of another profile may be other kernels.
    let previous = latestProfile == specializer.profile ? cache.latest : nil
    latestProfile = specializer.profile
    let segment = try specializer.segment(from: specializer.start(bound), like: previous)
    cache.insert(segment, for: key, limit: options.cachedShapes)
    return segment
  }

  // MARK: Memory

  private func prepare(
    _ segment: Segment, _ visited: [Segment], inputs: [HostValue?], _ kvCache: KVCache?,
    outputs: inout OutputBuffers
  ) throws(RuntimeError) {
    if segment.arenaByteCount > memoryLimit {
      throw .memoryLimit(needed: segment.arenaByteCount, limit: memoryLimit)
    }
    ensureSlots(Int(segment.state.slotCount))
    unsafe slots[0] = unsafe UnsafeMutableRawPointer(status)
    var placed: ArraySlice<Segment> = visited.suffix(1)
    if (arena?.byteCount ?? 0) < segment.arenaByteCount || arena == nil {
      try growArena(to: segment.arenaByteCount, keep: visited.count > 1)
      placed = visited[...]
    }
    guard let base = unsafe arena?.address else { return }
    for segment in placed {
      for (slot, offset) in segment.placements { unsafe slots[Int(slot)] = unsafe base + offset }
    }
    for (slot, tensor) in segment.constants { unsafe slots[Int(slot)] = unsafe tensor.denseAddress }
    if visited.count == 1 {
      if let kvCache {
        for (index, pair) in engine.cachePairs.enumerated() {
          unsafe slots[pair.inputIndex + 1] = unsafe kvCache.address(index)
        }
      }
      for case (let index, .tensor(let tensor)?) in inputs.enumerated()
      where tensor.element != .string {
        let dense: HostTensor
        do { dense = try tensor.densified() } catch { throw .tensor(error) }
        retained.append(dense)
        unsafe slots[index + 1] = unsafe dense.denseAddress
      }
    }
    if case .finished = segment.boundary {
      try unsafe outputs.redirect(engine.plan.graph, segment, slots)
    }
  }

  private func ensureSlots(_ count: Int) {
    guard count > slotCapacity else { return }
    let capacity = max(count, slotCapacity * 2)
    let larger = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: capacity)
    unsafe larger.initialize(repeating: nil, count: capacity)
    unsafe larger.update(from: slots, count: slotCapacity)
    unsafe slots.deallocate()
    unsafe slots = larger
    slotCapacity = capacity
  }

  private func growArena(to byteCount: Int, keep: Bool) throws(RuntimeError) {
    let larger: Storage
    do { larger = try Storage.uninitialized(byteCount: byteCount) } catch { throw .tensor(error) }
    if keep, let arena {
      unsafe larger.address.copyMemory(from: arena.address, byteCount: arena.byteCount)
    }
    arena = larger
  }

  // MARK: Execution

  func resetStatus() { unsafe status.pointee = ApusStatus() }

  func execute(_ segment: Segment, _ options: RunOptions) throws(RuntimeError) {
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
    let done = unsafe segment.kernels.withUnsafeBufferPointer { kernels in
      unsafe times.withUnsafeMutableBufferPointer { times in
        unsafe apus_pool_run_steps(
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
    switch unsafe status.pointee.code {
    case 1:
      error = unsafe .indexOutOfRange(
        operand: "indices", index: Int(status.pointee.value), limit: Int(status.pointee.limit))
    case 2: error = .divisionByZero
    default: return .cancelled
    }
    return .evaluation(node: node.name, operation: node.operation.name, error)
  }

  private func observe(_ segment: Segment, _ id: NodeID, _ options: RunOptions) {
    let node = engine.plan.graph[id]
    var values: [HostTensor] = []
    for result in node.results {
      guard let value = copy(result, segment.state) else { return }
      values.append(value)
    }
    options.observer?(node, values)
  }

  /// A dense copy of a computed value.
  private func copy(_ value: ValueID, _ state: SpecializationState) -> HostTensor? {
    guard let slot = state.slots[value], let type = state.facts[value]?.type else { return nil }
    guard let strides = state.strides[value] else { return try? view(slot, type).copied() }
    guard let address = unsafe slots[Int(slot)], let shape = type.fixedShape else { return nil }
    return try? unsafe HostTensor(type.element, shape: shape, gathering: address, strides: strides)
  }

  // MARK: Data-dependent shapes

  private func follow(
    _ segment: Segment, reading values: [ValueID], _ specializer: Specializer
  ) throws(RuntimeError) -> Segment {
    var contents: [HostTensor] = []
    var key = SegmentKey(shapes: [], contents: [])
    for value in values {
      guard let slot = segment.state.denseSlot(value), let fact = segment.state.facts[value] else {
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
    let values = try detached(evaluate(step))
    let key = SegmentKey(shapes: values.map { $0.tensor?.shape ?? [] }, contents: [])
    var state = segment.state
    let first = Int(state.slotCount)
    state.slotCount += UInt32(values.count)
    state.position += 1
    ensureSlots(Int(state.slotCount))
    for (index, (result, value)) in zip(step.node.results, values).enumerated() {
      state.facts[result] = Fact(value.type)
      guard !specializer.isHosted(result), let tensor = value.tensor else {
        hosted[result] = value
        continue
      }
      let dense: HostTensor
      do { dense = try tensor.densified() } catch { throw .tensor(error) }
      retained.append(dense)
      state.slots[result] = UInt32(first + index)
      unsafe slots[first + index] = unsafe dense.denseAddress
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
