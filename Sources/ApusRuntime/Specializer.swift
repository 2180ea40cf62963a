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
  /// As `lastUse`, but by readers inside the graph alone.
  let lastRead: [ValueID: Int]
  let positions: ValuePositions
  /// Inputs that a run with a cache extends in place.
  let cachePairs: [CachePair]
  /// The pair that a node appends to.
  let appends: [NodeID: Int]
  /// Operands and results of each node in execution order.
  let links: [NodeLinks]
  /// Constants that nodes read.
  let weights: [ValueID]

  /// Results up to this many elements are folded when they follow from shapes.
  static let foldLimit = 1 << 16
  /// What folding a node may ask for: texts may be longer than their number tells.
  static let foldLimits: ResourceLimits = {
    var limits = ResourceLimits()
    limits.memory = 1 << 28
    return limits
  }()

  /// The tactics and packed weights of the profile.
  var choice: Plan.Choice { plan.choices[profile] }

  init(plan: Plan, sources: [any TacticSource], workers: Int, profile: Int = 0) {
    self.plan = plan
    self.profile = profile
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
    self.lastRead = lastUse
    for output in plan.graph.outputs { lastUse[roots[output.value] ?? output.value] = .max }
    self.roots = roots
    self.lastUse = lastUse
    self.positions = ValuePositions(plan.graph)
    self.cachePairs = CachePair.find(plan, profile, self.sources) { roots[$0] ?? $0 }
    self.appends = Dictionary(
      cachePairs.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { first, _ in first })
    self.links = plan.graph.nodes.map(NodeLinks.init)
    self.weights = Set(links.flatMap { $0.operands.compactMap { $0 } }).filter {
      plan.graph[$0].definition == .weight
    }
  }

  func root(_ value: ValueID) -> ValueID { roots[value] ?? value }

  /// The state before the first node: inputs bound to slots, weights known.
  func start(_ shapes: InputShapes) -> SpecializationState {
    var state = SpecializationState(positions)
    state.bindings = shapes.bindings
    state.cache = shapes.cache
    for (input, shape) in zip(plan.graph.inputs, shapes.inputs) {
      if plan.graph.valueType(input).isTensor {
        state.facts[input] = Fact(TensorType(plan.graph.type(input).element, fixed: shape))
      }
      // Slots are numbered like inputs, whether or not one is used.
      if !isHosted(input) { state.slots[input] = state.slotCount }
      state.slotCount += 1
    }
    if let cache = shapes.cache {
      for (pair, strides) in zip(cachePairs, cache.strides) { state.strides[pair.past] = strides }
    }
    return state
  }

  /// Whether a value lives outside of the arena: containers and strings.
  func isHosted(_ value: ValueID) -> Bool {
    let type = plan.graph.valueType(value)
    return !type.isTensor || type.innermost.element == .string
  }

  func isHosted(_ node: Node) -> Bool {
    node.operands.contains { $0.map(isHosted) ?? false } || node.results.contains(where: isHosted)
  }

  /// Specialises from `state` to the end of the graph or the next data-dependent shape. `previous`
  /// is a segment from the same start at other shapes: nodes that see what they saw there are taken
  /// over from it.
  func segment(
    from state: SpecializationState, like previous: Segment? = nil
  ) throws(RuntimeError) -> Segment {
    let segment = Segment(state: state)
    var assembly = SegmentAssembly(
      specializer: self, segment: segment, state: state, previous: previous)
    try assembly.run()
    return segment
  }
}

/// The values that a node reads and makes.
struct NodeLinks {
  let operands: [ValueID?]
  let results: [ValueID]
  /// Whether equal operands mean equal results, whatever the symbols are: not without operands, and
  /// not with bodies, which may name symbols.
  let followsOperands: Bool

  init(_ node: Node) {
    operands = node.operands
    results = node.results
    followsOperands =
      node.operands.contains { $0 != nil } && !(node.operation is any ValueOperator)
  }
}

/// Shapes of all inputs of a run, checked against the inputs' types.
struct InputShapes {
  var inputs: [[Int]]
  var bindings: [String: Int]
  var cache: CacheLayout?
}

/// How the inputs that a cache holds lie in memory.
struct CacheLayout: Hashable {
  var capacity: Int
  /// Strides per pair, in elements.
  var strides: [[Int]]
}
