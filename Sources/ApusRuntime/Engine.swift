package import ApusEngine
package import ApusIR
package import ApusTensor
internal import Synchronization

/// A plan ready to run: immutable, shared by any number of sessions and threads.
package final class Engine: Sendable {
  package let plan: Plan
  /// The graph that the plan was made from; any target can be built from it.
  package let source: Graph
  package let pool: ThreadPool
  /// One for each profile.
  let specializers: [Specializer]
  /// The first profile's, for what no profile changes.
  var specializer: Specializer { specializers[0] }
  let inputIndex: [String: Int]
  /// Bytes of weights, as they were before any was packed.
  package let weightBytes: Int

  private let verification: @Sendable () throws(RuntimeError) -> Void
  private let isVerified = Atomic<Bool>(false)

  /// `sources` must hold every source that the plan's tactics name. `verification` checks what was
  /// only mapped so far; it runs before the first run.
  package init(
    plan: Plan, source: Graph? = nil, sources: [any TacticSource], pool: ThreadPool,
    verification: @escaping @Sendable () throws(RuntimeError) -> Void = {}
  ) {
    self.plan = plan
    self.source = source ?? plan.graph
    self.verification = verification
    self.pool = pool
    self.specializers = plan.choices.indices.map {
      Specializer(plan: plan, sources: sources, workers: pool.threads, profile: $0)
    }
    self.inputs = plan.graph.inputs.map { (plan.graph[$0].name, plan.graph.type($0)) }
    self.inputTypes = plan.graph.inputs.map(plan.graph.valueType)
    var index: [String: Int] = [:]
    for (position, input) in plan.graph.inputs.enumerated() {
      index[plan.graph[input].name] = position
    }
    self.inputIndex = index
    self.weightBytes = self.source.weights.values.reduce(0) { $0 &+ $1.tensor.storedByteCount }
  }

  /// Names and types of the inputs, in order; of containers the type of the tensors inside.
  package let inputs: [(name: String, type: TensorType)]

  /// Inputs that a run with a `KVCache` extends in place; empty where the model has none.
  package var cachePairs: [CachePair] { specializer.cachePairs }

  /// Types of the inputs, in order.
  package let inputTypes: [ValueType]

  /// Names and types of the outputs, in order; of containers the type of the tensors inside.
  package var outputs: [(name: String, type: TensorType)] {
    plan.graph.outputs.map { ($0.name, plan.graph.type($0.value)) }
  }

  /// Runs the verification where none has passed yet.
  func verify() throws(RuntimeError) {
    if isVerified.load(ordering: .acquiring) { return }
    try verification()
    isVerified.store(true, ordering: .releasing)
  }

  package func makeSession(_ options: SessionOptions = SessionOptions()) -> Session {
    Session(engine: self, options: options)
  }
}

/// Limits of a session.
package struct SessionOptions: Sendable {
  /// What a run may ask for; without a memory limit one follows from the sizes of weights and inputs.
  package var limits: ResourceLimits
  /// Specialisations kept for shapes seen before.
  package var cachedShapes = 32
  /// The profile whose tactics are run; nil takes the one that fits each run's shapes best.
  package var profile: Int?

  package init(_ limits: ResourceLimits = ResourceLimits(), profile: Int? = nil) {
    self.limits = limits
    self.profile = profile
  }
}
