internal import ApusServingSchema

/// Runs the steps of an ensemble as soon as their inputs are there. Tensors go from step to step without
/// a copy; no more requests are inside than `limit`, the others wait at the entrance.
final class EnsembleScheduler: Scheduler {
  typealias Submit =
    @Sendable (InferenceRequest, @escaping @Sendable (Reply) -> Void) -> RequestHandle

  private struct State {
    var waiting = FIFO<ActiveRequest>()
    var running = 0
    var isStopped = false
    var onStop: (@Sendable () -> Void)?
  }

  private let state = Monitor(State())
  private let plan: EnsemblePlan
  private let limit: Int
  private let responder: Responder
  private let submitStep: Submit

  /// `limit` is at least 1.
  init(
    _ config: Inference_ModelConfig, limit: Int, responder: Responder, submit: @escaping Submit
  ) {
    plan = EnsemblePlan(
      config.ensembleScheduling.step.map { EnsembleStep($0) }, responder.contract)
    self.limit = max(limit, 1)
    self.responder = responder
    submitStep = submit
  }

  var pendingCount: Int { state.withLock { $0.waiting.count } }

  func submit(_ request: ActiveRequest) -> Bool {
    var request = request
    request.times.queueStart = Clock.now()
    enum Outcome { case start, wait, cancelled, stopped }
    let handle = request.handle
    let outcome: Outcome = state.withLock { state in
      if state.isStopped { return .stopped }
      if state.running < limit {
        state.running += 1
        return .start
      }
      state.waiting.append(request)
      // Under the lock, so that the run, when it begins, listens in its place.
      return handle.keep { [weak self, weak handle] in self?.cancel(handle) } ? .wait : .cancelled
    }
    switch outcome {
    case .start: start(request)
    case .wait: break
    case .cancelled: cancel(handle)
    case .stopped: return false
    }
    return true
  }

  private func cancel(_ handle: RequestHandle?) {
    let removed = state.withLock { $0.waiting.removeAll { $0.handle === handle } }
    for request in removed {
      responder.fail(request, ActiveRequest.cancelled, .canceled)
    }
  }

  /// Runs a request, and in its place those that wait as long as each ends at once: a queue of them
  /// must not become a stack of calls.
  private func start(_ first: ActiveRequest) {
    var next: ActiveRequest? = first
    while var request = next {
      request.times.computeStart = Clock.now()
      request.times.inputEnd = request.times.computeStart
      let run = EnsembleRun(request, plan, responder, submitStep) { [self] in
        if let next = finished() { start(next) }
      }
      next = run.start() ? finished() : nil
    }
  }

  /// Gives the place of a request that is over to the one that waits longest.
  private func finished() -> ActiveRequest? {
    let (next, done) = state.withLock { state -> (ActiveRequest?, (@Sendable () -> Void)?) in
      if let request = state.waiting.popFirst() { return (request, nil) }
      state.running -= 1
      guard state.isStopped, state.running == 0 else { return (nil, nil) }
      defer { state.onStop = nil }
      return (nil, state.onStop)
    }
    done?()
    return next
  }

  func stop(_ done: @escaping @Sendable () -> Void) {
    let isOver = state.withLock { state in
      state.isStopped = true
      if state.running == 0 { return true }
      state.onStop = done
      return false
    }
    if isOver { done() }
  }
}
