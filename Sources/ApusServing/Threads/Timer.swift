/// Calls actions at given times, on one thread of its own. Actions must not block.
package final class Timer: Sendable {
  private struct Alarm {
    let time: UInt64
    /// Who asked for it, where that one has no more than one at a time.
    let owner: ObjectIdentifier?
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

  /// Calls `action` soon after the monotonic clock reaches `time` nanoseconds. What was asked for before
  /// for the same `owner` is forgotten, where one is named.
  package func schedule(
    at time: UInt64, owner: AnyObject? = nil, _ action: @escaping @Sendable () -> Void
  ) {
    let owner = owner.map { ObjectIdentifier($0) }
    let isFirst = state.withLock { state in
      if let owner, let old = state.heap.firstIndex(where: { $0.owner == owner }) {
        _ = Self.remove(old, of: &state.heap)
      }
      state.heap.append(Alarm(time: time, owner: owner, action: action))
      return Self.rise(state.heap.count - 1, in: &state.heap) == 0
    }
    if isFirst { state.signal() }
  }

  private static func work(_ state: Monitor<State>) {
    while true {
      let action: (@Sendable () -> Void)? = state.wait { state in
        if state.isStopped { return .done(nil) }
        guard let first = state.heap.first else { return .wait(until: Monitor<State>.never) }
        guard first.time <= Clock.now() else { return .wait(until: first.time) }
        return .done(remove(0, of: &state.heap).action)
      }
      guard let action else { return }
      action()
    }
  }

  /// Takes out what stands at `index`.
  private static func remove(_ index: Int, of heap: inout [Alarm]) -> Alarm {
    heap.swapAt(index, heap.count - 1)
    let removed = heap.removeLast()
    if index < heap.count { sink(rise(index, in: &heap), in: &heap) }
    return removed
  }

  /// Moves what stands at `index` before all that are later; returns its place.
  private static func rise(_ index: Int, in heap: inout [Alarm]) -> Int {
    var index = index
    while index > 0, heap[index].time < heap[(index - 1) / 2].time {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
    return index
  }

  /// Moves what stands at `index` behind all that are earlier.
  private static func sink(_ index: Int, in heap: inout [Alarm]) {
    var index = index
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].time < heap[least].time {
        least = child
      }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }

  deinit {
    state.withLock { $0.isStopped = true }
    state.signal()
  }
}
