package import ApusServingSchema

/// What one instance needs to run (`ModelRateLimiter`).
package struct ResourceDemand: Hashable, Sendable {
  /// Amounts by resource.
  package var amounts: [String: Int] = [:]
  /// An instance of priority 2 gets half the turns of one of priority 1.
  package var weight = 1
  /// Tells instances apart.
  package var instance = ""

  package init() {}

  package init(_ limiter: Inference_ModelRateLimiter, instance: String) {
    for resource in limiter.resources {
      amounts[resource.name, default: 0] += Int(resource.count)
    }
    weight = max(Int(limiter.priority), 1)
    self.instance = instance
  }
}

/// Shares named resources between instances of all models (Triton's `--rate-limit=execution_count`).
/// With one device, per-device and global resources are the same.
package final class RateLimiter: Sendable {
  private struct State {
    /// What `--rate-limit-resource` says.
    let fixed: [String: Int]
    /// Where nothing was said, the largest amount that an instance needs.
    var known: [String: Int]
    var used: [String: Int] = [:]
    var turns: [String: Int] = [:]
    var waiting: [Int: ResourceDemand] = [:]
    var nextTicket = 0

    /// Lets an instance wait; returns its ticket.
    mutating func enter(_ demand: ResourceDemand) -> Int {
      nextTicket += 1
      waiting[nextTicket] = demand
      return nextTicket
    }

    func fits(_ demand: ResourceDemand) -> Bool {
      demand.amounts.allSatisfy { name, amount in
        amount <= (known[name] ?? 0) - (used[name] ?? 0)
      }
    }

    /// The waiting instance whose turn it is: the one that had the fewest for its weight.
    var favourite: Int? {
      waiting.filter { fits($0.value) }
        .min { first, second in
          let left = share(first.value)
          let right = share(second.value)
          return left == right ? first.key < second.key : left < right
        }?.key
    }

    private func share(_ demand: ResourceDemand) -> Int {
      (turns[demand.instance] ?? 0) * demand.weight
    }
  }

  private let state: Monitor<State>

  package init(resources: [String: Int]) {
    state = Monitor(State(fixed: resources, known: resources))
  }

  /// Instances that wait for resources.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Makes a model's needs known; throws where they can never be met.
  func register(_ demand: ResourceDemand) throws(ServingError) {
    let lacking: String? = state.withLock { state in
      for (name, amount) in demand.amounts {
        if let fixed = state.fixed[name] {
          if amount > fixed { return name }
        } else {
          state.known[name] = max(state.known[name] ?? 0, amount)
        }
      }
      return nil
    }
    guard let lacking else {
      // What waits may fit now.
      state.broadcast()
      return
    }
    throw ServingError(
      .invalidArgument,
      "instance '\(demand.instance)' needs \(demand.amounts[lacking] ?? 0) of the resource "
        + "'\(lacking)', more than --rate-limit-resource allows")
  }

  /// Blocks until the resources are there.
  func acquire(_ demand: ResourceDemand) {
    var ticket: Int?
    let others = state.wait { state -> Monitor<State>.Step<Bool> in
      let mine = ticket ?? state.enter(demand)
      ticket = mine
      guard state.favourite == mine else { return .wait(until: Monitor<State>.never) }
      state.waiting[mine] = nil
      for (name, amount) in demand.amounts { state.used[name, default: 0] += amount }
      state.turns[demand.instance, default: 0] += 1
      return .done(!state.waiting.isEmpty)
    }
    if others { state.broadcast() }
  }

  func release(_ demand: ResourceDemand) {
    state.withLock { state in
      for (name, amount) in demand.amounts { state.used[name, default: 0] -= amount }
    }
    state.broadcast()
  }
}
