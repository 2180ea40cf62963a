/// Runs requests of sequences in order, each sequence with the states that belong to it.
final class SequenceScheduler: Scheduler {
  private struct State {
    var queue: SequenceQueue<ActiveRequest>
    /// States by output, of each sequence.
    var kept: [CorrelationID: [String: ServedTensor]] = [:]
    var liveWorkers = 0
    var isStopped = false
    var onStop: (@Sendable () -> Void)?
    var alarm: UInt64?
  }

  private let state: Monitor<State>
  private let inputs: SequenceInputs
  private let responder: Responder
  private let timer: Timer
  private let limiter: RateLimiter?
  private let isBatched: Bool

  init(
    _ policy: SequencePolicy, inputs: SequenceInputs, executors: [Handoff<InstanceExecutor>],
    demands: [ResourceDemand], responder: Responder, timer: Timer, limiter: RateLimiter?
  ) throws(ServingError) {
    state = Monitor(State(queue: SequenceQueue(policy), liveWorkers: executors.count))
    self.inputs = inputs
    self.responder = responder
    self.timer = timer
    self.limiter = limiter
    isBatched = responder.contract.maximumBatch > 0
    for (index, executor) in executors.enumerated() {
      let demand = demands[index]
      do throws(ServingError) {
        try Thread.start("apus-run-\(index)") { [self] in work(index, executor.value, demand) }
      } catch {
        state.withLock { state in
          state.isStopped = true
          state.liveWorkers -= executors.count - index
        }
        state.broadcast()
        throw error
      }
    }
  }

  var pendingCount: Int { state.withLock { $0.queue.count } }

  func submit(_ request: ActiveRequest) -> Bool {
    let model = responder.contract.model
    guard let position = request.request.sequence, position.id != .number(0),
      position.id != .text("")
    else {
      refuse(
        request,
        "inference request to model '\(model)' must specify a non-zero or non-empty correlation ID")
      return true
    }
    guard !isBatched || request.prepared.batchSize == 1 else {
      refuse(
        request,
        "inference request to model '\(model)' must specify batch-size 1 due to requirements of "
          + "sequence batcher")
      return true
    }
    var request = request
    request.times.queueStart = Clock.now()
    let now = request.times.queueStart
    let handle = request.handle
    // Before an instance can take it: what runs it has a wish of its own.
    handle.onCancel { [weak self, weak handle] in self?.cancel(handle) }
    enum Outcome { case accepted, unknown, stopped }
    let outcome: Outcome = state.withLock { state in
      // Nobody may be left to run it, whatever was begun here.
      if state.isStopped { return .stopped }
      return state.queue.enqueue(
        request, position, key: responder.contract.key(of: request.prepared.inputs), now: now)
        ? .accepted : .unknown
    }
    switch outcome {
    case .accepted:
      state.broadcast()
      if handle.isCancelled { cancel(handle) }
    case .unknown:
      refuse(
        request,
        "inference request for sequence \(position.id.text) to model '\(model)' must specify the "
          + "START flag on the first request of the sequence")
    case .stopped:
      return false
    }
    return true
  }

  private func refuse(_ request: ActiveRequest, _ message: String) {
    responder.fail(
      request, ServingError(.invalidArgument, message), .other, isAfterAdmission: false)
  }

  private func cancel(_ handle: RequestHandle?) {
    let removed = state.withLock { state -> ActiveRequest? in
      guard let request = state.queue.remove(where: { $0.handle === handle }) else { return nil }
      if let id = request.request.sequence?.id, !state.queue.knows(id) { state.kept[id] = nil }
      return request
    }
    guard let request = removed else { return }
    // Its place may have gone to another sequence.
    state.broadcast()
    responder.fail(request, ActiveRequest.cancelled, .canceled)
  }

  func stop(_ done: @escaping @Sendable () -> Void) {
    let isOver = state.withLock { state in
      state.isStopped = true
      if state.liveWorkers == 0 { return true }
      state.onStop = done
      return false
    }
    state.broadcast()
    if isOver { done() }
  }

  // MARK: Workers

  private func work(_ index: Int, _ executor: InstanceExecutor, _ demand: ResourceDemand) {
    while let requests = take(index) {
      limiter?.acquire(demand)
      execute(requests, executor)
      limiter?.release(demand)
      complete(requests)
    }
    let done = state.withLock { state -> (@Sendable () -> Void)? in
      state.liveWorkers -= 1
      guard state.liveWorkers == 0 else { return nil }
      defer { state.onStop = nil }
      return state.onStop
    }
    done?()
  }

  private func take(_ index: Int) -> [ActiveRequest]? {
    state.wait { state in
      let now = Clock.now()
      for id in state.queue.expire(now: now) { state.kept[id] = nil }
      // Requests that wait belong to sequences that ended or will be idle: both come to an end.
      if state.isStopped, state.queue.count == 0 { return .done(nil) }
      switch state.queue.next(instance: index, now: state.isStopped ? .max : now) {
      case .run(let entries):
        return .done(entries.map { prepared($0.payload, $0.position, &state) })
      case .wait(let time):
        return .wait(until: min(time ?? .max, state.queue.nextExpiry ?? .max))
      }
    }
  }

  private func prepared(
    _ request: ActiveRequest, _ position: SequencePosition, _ state: inout State
  ) -> ActiveRequest {
    var request = request
    responder.begin(&request)
    if position.isStart { state.kept[position.id] = nil }
    do throws(ServingError) {
      request.additions = ActiveRequest.Additions(
        inputs: try inputs.tensors(position, kept: state.kept[position.id] ?? [:]),
        onOutputs: { [weak self] outputs in
          guard let self else { return }
          let states = inputs.states(in: outputs)
          if !states.isEmpty { self.state.withLock { $0.kept[position.id] = states } }
        })
    } catch { request.additions = ActiveRequest.Additions(failure: error) }
    return request
  }

  private func execute(_ requests: [ActiveRequest], _ executor: InstanceExecutor) {
    for request in requests {
      if let failure = request.failure { responder.fail(request, failure, .other) }
    }
    let good = requests.filter { $0.failure == nil }
    if !good.isEmpty { _ = executor.execute(good) }
  }

  private func complete(_ requests: [ActiveRequest]) {
    let now = Clock.now()
    state.withLock { state in
      for request in requests {
        guard let position = request.request.sequence else { continue }
        if state.queue.complete(position, now: now) { state.kept[position.id] = nil }
      }
    }
    state.broadcast()
  }
}
