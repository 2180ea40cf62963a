internal import ApusServingSchema
internal import CApusPlatform
internal import Synchronization

extension ModelRepository {
  /// Stops serving a model; requests that it has are finished, and a load of it that is under way is
  /// undone. With its dependents, the models that an ensemble is made of are unloaded as well.
  func unload(_ name: String, withDependents: Bool) throws(ServingError) {
    if !knows(name), try scan().models[name] == nil {
      throw ServingError(.notFound, "failed to unload '\(name)', which no model repository holds")
    }
    let parts = versions(of: name).last?.config.ensembleScheduling.step.map(\.modelName) ?? []
    remove(name)
    if withDependents {
      for part in Set(parts) where part != name { try unload(part, withDependents: true) }
    }
  }

  /// Stops serving a model, now and again where a load of it ends.
  private func remove(_ name: String) {
    state.withLock { models in
      if models[name]?.isBusy == true { models[name]?.isUnloadWaiting = true }
    }
    takeDown(name)
  }

  /// Takes the versions that serve away from new requests.
  func takeDown(_ name: String) {
    let stopped = state.withLock { models -> [ServedVersion] in
      guard var entry = models[name] else { return [] }
      let stopped = Array(entry.serving.values)
      entry.serving = [:]
      entry.isWanted = false
      entry.failure = nil
      entry.files = nil
      entry.draining += stopped.count
      for version in entry.status.keys {
        entry.status[version] = VersionStatus(
          state: entry.draining == 0 ? .unavailable : .unloading, reason: "unloaded")
      }
      models[name] = entry
      return stopped
    }
    drain(stopped, of: name)
  }

  /// Lets versions finish and forgets them.
  func drain(_ versions: [ServedVersion], of name: String) {
    for version in versions {
      let generation = version.contract.generation
      resources.cache?.remove(generation)
      version.stop { [self] in
        // Answers to what it still ran.
        resources.cache?.remove(generation)
        state.withLock { models in
          models[name]?.draining -= 1
          if models[name]?.draining == 0, models[name]?.serving.isEmpty == true {
            for number in models[name]?.status.keys ?? [:].keys
            where models[name]?.status[number]?.state == .unloading {
              models[name]?.status[number] = VersionStatus(
                state: .unavailable, reason: "unloaded")
            }
          }
        }
        state.broadcast()
        // The thread that ran the model still holds it: memory goes back a moment later.
        resources.timer.schedule(at: Clock.now() + 200_000_000) { apus_memory_trim() }
      }
    }
  }

  /// Unloads everything and waits until all requests are finished and loads under way have ended, at most
  /// until `deadline`. True where they are. Nothing is loaded any more.
  func stopAll(deadline: UInt64) async -> Bool {
    let names = state.withLock { models in
      isStopping.store(true, ordering: .relaxed)
      return Array(models.keys)
    }
    // Loads that wait for others of their model end here.
    state.broadcast()
    for name in names { remove(name) }
    return await withCheckedContinuation { continuation in
      let wait: @Sendable () -> Void = { [state] in
        let isOver = state.wait { models -> Monitor<[String: ModelEntry]>.Step<Bool> in
          if models.values.allSatisfy({ $0.draining == 0 && !$0.isBusy }) { return .done(true) }
          return Clock.now() >= deadline ? .done(false) : .wait(until: deadline)
        }
        continuation.resume(returning: isOver)
      }
      // Threads of the pool may all be loading.
      do throws(ServingError) { try Thread.start("apus-exit", wait) } catch { pool.submit(wait) }
    }
  }
}
