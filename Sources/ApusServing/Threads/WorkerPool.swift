/// A fixed number of threads for work that blocks, such as loading models.
package final class WorkerPool: Sendable {
  private struct State {
    var jobs = FIFO<@Sendable () -> Void>()
    var isStopped = false
  }

  private let state = Monitor(State())

  /// Throws where the system refuses the first thread; with fewer than asked for it works on.
  package init(_ name: String, threads: Int) throws(ServingError) {
    for index in 0..<max(threads, 1) {
      do throws(ServingError) {
        try Thread.start("\(name)-\(index)") { [state] in Self.work(state) }
      } catch { if index == 0 { throw error } }
    }
  }

  package func submit(_ job: @escaping @Sendable () -> Void) {
    state.withLock { $0.jobs.append(job) }
    state.signal()
  }

  /// Runs a job and waits for it without blocking a thread of the cooperative pool.
  package func run<Result: Sendable>(_ job: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      submit { continuation.resume(returning: job()) }
    }
  }

  private static func work(_ state: Monitor<State>) {
    while true {
      let job: (@Sendable () -> Void)? = state.wait { state in
        if let job = state.jobs.popFirst() { return .done(job) }
        return state.isStopped ? .done(nil) : .wait(until: Monitor<State>.never)
      }
      guard let job else { return }
      job()
    }
  }

  deinit {
    state.withLock { $0.isStopped = true }
    state.broadcast()
  }
}
