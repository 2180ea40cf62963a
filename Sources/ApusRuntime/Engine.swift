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
  let inputIndex: [String: Int]
  /// Strings have no place in an arena: a graph with strings is evaluated on the host.
  let holdsText: Bool

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
    let first = Specializer(plan: plan, sources: sources, workers: pool.threads)
    self.specializers = plan.choices.indices.map { Specializer(first, profile: $0) }
    var index: [String: Int] = [:]
    for (position, input) in plan.graph.inputs.enumerated() {
      index[plan.graph[input].name] = position
    }
    self.inputIndex = index
    self.holdsText = plan.graph.values.contains { $0.fact.element == .string }
  }

  /// Names and types of the inputs, in order.
  package var inputs: [(name: String, type: TensorType)] {
    plan.graph.inputs.map { (plan.graph[$0].name, plan.graph.type($0)) }
  }

  /// Names and types of the outputs, in order.
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
  /// Bytes of activations a run may need; nil for no limit.
  package var memoryLimit: Int?
  /// Specialisations kept for shapes seen before.
  package var cachedShapes = 32
  /// The profile whose tactics are run; nil takes the one that fits each run's shapes best.
  package var profile: Int?

  package init(memoryLimit: Int? = nil, profile: Int? = nil) {
    self.memoryLimit = memoryLimit
    self.profile = profile
  }
}
