/// Joins requests of a model and runs them on its instances, each on a thread of its own.
final class BatchScheduler: Scheduler {
  private struct State {
    var queue: BatchQueue<ActiveRequest>
    var idleWorkers = 0
    var liveWorkers = 0
    var isStopped = false
    var onStop: (@Sendable () -> Void)?
    /// When the timer looks for requests that waited too long; nil where it does not.
    var alarm: UInt64?
  }

  private let state: Monitor<State>
  private let responder: Responder
  private let timer: Timer
  private let limiter: RateLimiter?

  /// Starts a thread for each executor. Throws where the system refuses one.
  init(
    _ policy: BatchPolicy, executors: [Handoff<InstanceExecutor>], demands: [ResourceDemand],
    responder: Responder, timer: Timer, limiter: RateLimiter?
  ) throws(ServingError) {
    state = Monitor(State(queue: BatchQueue(policy), liveWorkers: executors.count))
    self.responder = responder
    self.timer = timer
    self.limiter = limiter
    for (index, executor) in executors.enumerated() {
      let demand = demands[index]
      do throws(ServingError) {
        try Thread.start("apus-run-\(index)") { [self] in work(executor.value, demand) }
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
    var request = request
    request.times.queueStart = Clock.now()
    let now = request.times.queueStart
    responder.statistics.countPending(1)
    let prepared = request.prepared
    enum Outcome { case accepted(ticket: Int, wakes: Bool, alarm: UInt64?), full, stopped }
    let outcome: Outcome = state.withLock { state in
      if state.isStopped { return .stopped }
      guard
        let ticket = state.queue.enqueue(
          request, size: prepared.batchSize, key: prepared.key,
          priority: prepared.request.priority,
          timeout: prepared.request.timeout.multipliedClamping(by: 1000), now: now)
      else { return .full }
      var alarm: UInt64?
      if state.idleWorkers == 0, let expiry = state.queue.nextExpiry, state.alarm == nil {
        state.alarm = expiry
        alarm = expiry
      }
      return .accepted(ticket: ticket, wakes: state.idleWorkers > 0, alarm: alarm)
    }
    switch outcome {
    case .accepted(let ticket, let wakes, let alarm):
      if wakes { state.signal() }
      if let alarm { arm(alarm) }
      request.handle.onCancel { [weak self] in self?.cancel(ticket) }
    case .full:
      responder.statistics.countPending(-1)
      responder.fail(request, ActiveRequest.queueFull, .rejected)
    case .stopped:
      responder.statistics.countPending(-1)
      return false
    }
    return true
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

  private func cancel(_ ticket: Int) {
    guard let request = state.withLock({ $0.queue.remove(ticket: ticket) }) else { return }
    responder.statistics.countPending(-1)
    responder.fail(request, ActiveRequest.cancelled, .canceled)
  }

  private func arm(_ time: UInt64) {
    timer.schedule(at: time) { [weak self] in self?.expire() }
  }

  private func expire() {
    let (expired, alarm) = state.withLock { state -> ([ActiveRequest], UInt64?) in
      let expired = state.queue.expire(now: Clock.now())
      state.alarm = state.queue.nextExpiry
      return (expired, state.alarm)
    }
    refuse(expired)
    if let alarm { arm(alarm) }
  }

  private func refuse(_ requests: [ActiveRequest]) {
    for request in requests {
      responder.statistics.countPending(-1)
      responder.fail(request, ActiveRequest.expired, .rejected)
    }
  }

  // MARK: Workers

  private enum Work {
    case run([ActiveRequest])
    case refuse([ActiveRequest])
    /// There is something to run once resources are there.
    case ready
    case nothing
    case stop
  }

  private func work(_ executor: InstanceExecutor, _ demand: ResourceDemand) {
    while true {
      switch wait(taking: limiter == nil) {
      case .run(let requests): execute(requests, executor)
      case .refuse(let requests): refuse(requests)
      case .ready:
        limiter?.acquire(demand)
        if case .run(let requests) = take() { execute(requests, executor) }
        limiter?.release(demand)
      case .nothing: continue
      case .stop:
        let done = state.withLock { state -> (@Sendable () -> Void)? in
          state.liveWorkers -= 1
          guard state.liveWorkers == 0 else { return nil }
          defer { state.onStop = nil }
          return state.onStop
        }
        done?()
        return
      }
    }
  }

  private func execute(_ requests: [ActiveRequest], _ executor: InstanceExecutor) {
    responder.statistics.countPending(-requests.count)
    executor.execute(requests)
  }

  /// Waits for something to do, and takes it where `taking`.
  private func wait(taking: Bool) -> Work {
    var isIdle = false
    return state.wait { state in
      if isIdle {
        state.idleWorkers -= 1
        isIdle = false
      }
      let now = Clock.now()
      let expired = state.queue.expire(now: now)
      if !expired.isEmpty { return .done(.refuse(expired)) }
      if state.isStopped, state.queue.count == 0 { return .done(.stop) }
      if !taking, case .run = state.queue.plan(now: state.isStopped ? .max : now) {
        return .done(.ready)
      }
      switch Self.next(&state, responder, now) {
      case .run(let requests): return .done(.run(requests))
      case .wait(let time):
        state.idleWorkers += 1
        isIdle = true
        return .wait(until: time ?? Monitor<State>.never)
      }
    }
  }

  private enum Next { case run([ActiveRequest]), wait(UInt64?) }

  private static func next(_ state: inout State, _ responder: Responder, _ now: UInt64) -> Next {
    switch state.queue.next(now: state.isStopped ? .max : now) {
    case .wait(let time): return .wait(time)
    case .run(let entries):
      return .run(
        entries.map { entry in
          var request = entry.payload
          responder.begin(&request)
          return request
        })
    }
  }

  private func take() -> Work {
    state.withLock { state in
      if case .run(let requests) = Self.next(&state, responder, Clock.now()) {
        return .run(requests)
      }
      return .nothing
    }
  }
}

/// Moves a value that is not `Sendable` to the one thread that uses it from then on.
final class Handoff<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: sending Value) { self.value = value }
}
