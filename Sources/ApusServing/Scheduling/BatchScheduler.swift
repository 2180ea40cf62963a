/// Joins requests of a model and runs them on its instances.
///
/// Each instance has a thread. Models that run in less time than waking a thread takes run on the
/// thread that brings the request instead, as long as an instance is free.
final class BatchScheduler: Scheduler {
  private struct State {
    var queue: BatchQueue<ActiveRequest>
    /// Instances that nobody runs.
    var free: [Int]
    var idleWorkers = 0
    var liveWorkers = 0
    var isStopped = false
    var onStop: (@Sendable () -> Void)?
    /// When the timer looks for requests that waited too long, no later than the first of them has; nil
    /// where it does not.
    var alarm: UInt64?
    var cost = ExecutionCost()
  }

  private let state: Monitor<State>
  private let executors: [Handoff<InstanceExecutor>]
  private let demands: [ResourceDemand]
  private let responder: Responder
  private let timer: Timer
  private let limiter: RateLimiter?
  /// Whether requests may run on the thread that brings them at all.
  private let mayRunInline: Bool

  /// Starts a thread for each executor. Throws where the system refuses one.
  init(
    _ policy: BatchPolicy, executors: [Handoff<InstanceExecutor>], demands: [ResourceDemand],
    responder: Responder, timer: Timer, limiter: RateLimiter?
  ) throws(ServingError) {
    state = Monitor(
      State(
        queue: BatchQueue(policy), free: Array(executors.indices), liveWorkers: executors.count))
    self.executors = executors
    self.demands = demands
    self.responder = responder
    self.timer = timer
    self.limiter = limiter
    // Who waits for others to join may not be run at once.
    mayRunInline =
      limiter == nil && policy.maximumDelay == 0 && !responder.contract.isDecoupled
    for index in executors.indices {
      do throws(ServingError) {
        try Thread.start("apus-run-\(index)") { [self] in work() }
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

  private enum Admission {
    case inline(executor: Int), full, stopped
    /// `isKept` where its cancellation will be heard.
    case queued(ticket: Int, wakes: Bool, isKept: Bool)
  }

  func submit(_ request: ActiveRequest) -> Bool {
    var request = request
    let now = Clock.now()
    request.times.queueStart = now
    switch state.withLock({ admit(request, now, &$0) }) {
    case .inline(let executor):
      responder.begin(&request)
      let time = executors[executor].value.execute(request)
      release(executor, after: time)
    case .queued(let ticket, let wakes, let isKept):
      if wakes { state.signal() }
      if !isKept { cancel(ticket) }
    case .full:
      responder.fail(request, ActiveRequest.queueFull, .rejected, isAfterAdmission: false)
    case .stopped: return false
    }
    return true
  }

  private func admit(_ request: ActiveRequest, _ now: UInt64, _ state: inout State) -> Admission {
    if state.isStopped { return .stopped }
    if mayRunInline, state.queue.count == 0, state.cost.isSmall, let executor = state.free.popLast()
    {
      return .inline(executor: executor)
    }
    let prepared = request.prepared
    guard
      let ticket = state.queue.enqueue(
        request, size: prepared.batchSize, key: responder.contract.key(of: prepared.inputs),
        priority: prepared.request.priority,
        timeout: prepared.request.timeout.multipliedClamping(by: 1000), now: now)
    else { return .full }
    arm(&state)
    // Under the lock, so that what listens while it runs is set after this.
    let isKept = request.handle.keep { [weak self] in self?.cancel(ticket) }
    return .queued(ticket: ticket, wakes: state.idleWorkers > 0, isKept: isKept)
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
    responder.fail(request, ActiveRequest.cancelled, .canceled)
  }

  /// Sees to it that requests are looked for when the first of them has waited too long. Idle workers
  /// are no reason to leave it: they may take another request and be busy by then.
  private func arm(_ state: inout State) {
    guard let expiry = state.queue.nextExpiry, expiry < state.alarm ?? .max else { return }
    state.alarm = expiry
    // Under the lock: of two alarms the later one asked for stays.
    timer.schedule(at: expiry, owner: self) { [weak self] in self?.expire() }
  }

  private func expire() {
    let expired = state.withLock { state in
      state.alarm = nil
      let expired = state.queue.expire(now: Clock.now())
      arm(&state)
      return expired
    }
    refuse(expired)
  }

  private func refuse(_ requests: [ActiveRequest]) {
    for request in requests { responder.fail(request, ActiveRequest.expired, .rejected) }
  }

  // MARK: Workers

  private enum Work {
    case run([ActiveRequest], executor: Int)
    case refuse([ActiveRequest])
    /// There is something to run once the resources of this instance are there.
    case ready(executor: Int)
    /// This worker is over; what is to be told when all are, where it was the last.
    case stop((@Sendable () -> Void)?)
  }

  private func work() {
    while true {
      switch wait() {
      case .run(let requests, let executor): run(requests, executor)
      case .refuse(let requests): refuse(requests)
      case .ready(let executor):
        limiter?.acquire(demands[executor])
        let requests = state.withLock { take(&$0, Clock.now()) } ?? []
        run(requests, executor)
        limiter?.release(demands[executor])
      case .stop(let done):
        state.broadcast()
        done?()
        return
      }
    }
  }

  /// Runs requests on an instance that was taken, and gives it back.
  private func run(_ requests: [ActiveRequest], _ executor: Int) {
    let time = executors[executor].value.execute(requests)
    release(executor, after: requests.isEmpty ? nil : time)
  }

  /// Gives an instance back; `time` is what an execution took.
  private func release(_ executor: Int, after time: UInt64?) {
    let wakes = state.withLock { state in
      state.free.append(executor)
      if let time { state.cost.add(time) }
      return state.idleWorkers > 0 && (state.queue.count > 0 || state.isStopped)
    }
    if wakes { state.signal() }
  }

  private func wait() -> Work {
    var isIdle = false
    return state.wait { state in
      if isIdle {
        state.idleWorkers -= 1
        isIdle = false
      }
      func sleep(_ time: UInt64?) -> Monitor<State>.Step<Work> {
        state.idleWorkers += 1
        isIdle = true
        return .wait(until: time ?? Monitor<State>.never)
      }
      let now = Clock.now()
      let expired = state.queue.expire(now: now)
      if !expired.isEmpty { return .done(.refuse(expired)) }
      let isOver = state.isStopped && state.queue.count == 0
      // The last worker stays until what runs inline has ended.
      if isOver, state.liveWorkers > 1 || state.free.count == executors.count {
        state.liveWorkers -= 1
        let done = state.liveWorkers == 0 ? state.onStop : nil
        if state.liveWorkers == 0 { state.onStop = nil }
        return .done(.stop(done))
      }
      guard let executor = state.free.last, !isOver else { return sleep(nil) }
      switch state.queue.plan(now: state.isStopped ? .max : now) {
      case .wait(let time): return sleep(time)
      case .run:
        state.free.removeLast()
        if limiter != nil { return .done(.ready(executor: executor)) }
        guard let requests = take(&state, now) else { return sleep(nil) }
        return .done(.run(requests, executor: executor))
      }
    }
  }

  /// Takes what should run now; nil where nothing should.
  private func take(_ state: inout State, _ now: UInt64) -> [ActiveRequest]? {
    guard case .run(let entries) = state.queue.next(now: state.isStopped ? .max : now) else {
      return nil
    }
    return entries.map { entry in
      var request = entry.payload
      responder.begin(&request)
      return request
    }
  }
}

/// Moves a value that is not `Sendable` to those who use it one at a time from then on.
final class Handoff<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: sending Value) { self.value = value }
}
