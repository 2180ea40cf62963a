package import ApusEngine
internal import ApusIR
package import ApusTensor

/// A plan ready to run: immutable, shared by any number of sessions and threads.
package final class Engine: Sendable {
  package let plan: Plan
  package let pool: ThreadPool
  let specializer: Specializer
  let inputIndex: [String: Int]

  /// `sources` must hold every source that the plan's tactics name.
  package init(plan: Plan, sources: [any TacticSource], pool: ThreadPool) {
    self.plan = plan
    self.pool = pool
    self.specializer = Specializer(plan: plan, sources: sources, workers: pool.threads)
    var index: [String: Int] = [:]
    for (position, input) in plan.graph.inputs.enumerated() {
      index[plan.graph[input].name] = position
    }
    self.inputIndex = index
  }

  /// Names and types of the inputs, in order.
  package var inputs: [(name: String, type: TensorType)] {
    plan.graph.inputs.map { (plan.graph[$0].name, plan.graph.type($0)) }
  }

  /// Names and types of the outputs, in order.
  package var outputs: [(name: String, type: TensorType)] {
    plan.graph.outputs.map { ($0.name, plan.graph.type($0.value)) }
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

  package init(memoryLimit: Int? = nil) { self.memoryLimit = memoryLimit }
}
