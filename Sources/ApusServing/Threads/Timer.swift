/// Calls actions at given times, on one thread of its own. Actions must not block.
package final class Timer: Sendable {
  private struct Alarm {
    let time: UInt64
    let action: @Sendable () -> Void
  }

  private struct State {
    /// A binary heap, earliest first.
    var heap: [Alarm] = []
    var isStopped = false
  }

  private let state = Monitor(State())

  package init() throws(ServingError) {
    try Thread.start("apus-timer") { [state] in Self.work(state) }
  }

  /// Calls `action` soon after the monotonic clock reaches `time` nanoseconds.
  package func schedule(at time: UInt64, _ action: @escaping @Sendable () -> Void) {
    let isFirst = state.withLock { state in
      state.heap.append(Alarm(time: time, action: action))
      var index = state.heap.count - 1
      while index > 0, state.heap[index].time < state.heap[(index - 1) / 2].time {
        state.heap.swapAt(index, (index - 1) / 2)
        index = (index - 1) / 2
      }
      return index == 0
    }
    if isFirst { state.signal() }
  }

  private static func work(_ state: Monitor<State>) {
    while true {
      let action: (@Sendable () -> Void)? = state.wait { state in
        if state.isStopped { return .done(nil) }
        guard let first = state.heap.first else { return .wait(until: Monitor<State>.never) }
        guard first.time <= Clock.now() else { return .wait(until: first.time) }
        return .done(popFirst(&state.heap).action)
      }
      guard let action else { return }
      action()
    }
  }

  /// Takes the earliest of a heap that is not empty.
  private static func popFirst(_ heap: inout [Alarm]) -> Alarm {
    heap.swapAt(0, heap.count - 1)
    let first = heap.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].time < heap[least].time {
        least = child
      }
      if least == index { return first }
      heap.swapAt(index, least)
      index = least
    }
  }

  deinit {
    state.withLock { $0.isStopped = true }
    state.signal()
  }
}
