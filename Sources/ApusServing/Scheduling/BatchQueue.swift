/// The queue of a model as a state machine: what waits, what is joined, what has waited too long. It
/// knows no clock, thread or tensor.
///
/// Levels are served in order of priority. Within one, requests that outlived their timeout under
/// `delay` come after those that did not. Requests are joined in that order as long as their keys are
/// equal and the batch has room; the first that does not fit ends the batch.
package struct BatchQueue<Payload> {
  /// A request that waits.
  package struct Entry {
    package let ticket: Int
    package let payload: Payload
    /// Items of its batch dimension.
    let size: Int
    /// Requests with equal keys may be joined.
    let key: [Int]
    let arrival: UInt64
    let deadline: UInt64?
  }

  package enum Decision {
    case run([Entry])
    /// Nothing to do before this time, unless a request arrives; nil where none waits.
    case wait(until: UInt64?)
  }

  private struct Level {
    var waiting = FIFO<Entry>()
    var delayed = FIFO<Entry>()
    /// No deadline of `waiting` lies before; may be too early.
    var earliestDeadline = UInt64.max
  }

  package let policy: BatchPolicy
  private var levels: [Level]
  private var nextTicket = 0
  package private(set) var count = 0

  package init(_ policy: BatchPolicy) {
    self.policy = policy
    levels = policy.levels.map { _ in Level() }
  }

  /// Takes a request in. Nil where its level is full. `timeout` is the request's own, in nanoseconds,
  /// 0 for none.
  package mutating func enqueue(
    _ payload: Payload, size: Int, key: [Int], priority: UInt64, timeout: UInt64, now: UInt64
  ) -> Int? {
    let index = policy.level(priority: priority)
    let rules = policy.levels[index]
    let held = levels[index].waiting.count + levels[index].delayed.count
    if rules.maximumSize > 0, held >= rules.maximumSize { return nil }
    let deadline = rules.deadline(now: now, timeout: timeout)
    nextTicket += 1
    levels[index].waiting.append(
      Entry(
        ticket: nextTicket, payload: payload, size: size, key: key, arrival: now,
        deadline: deadline))
    if let deadline {
      levels[index].earliestDeadline = min(levels[index].earliestDeadline, deadline)
    }
    count += 1
    return nextTicket
  }

  /// Takes a request out again; nil where it does not wait any more.
  package mutating func remove(ticket: Int) -> Payload? {
    for index in levels.indices {
      let found =
        levels[index].waiting.removeAll { $0.ticket == ticket }
        + levels[index].delayed.removeAll { $0.ticket == ticket }
      if let entry = found.first {
        count -= 1
        return entry.payload
      }
    }
    return nil
  }

  /// Takes out everything, in the order in which it would have run.
  package mutating func removeAll() -> [Payload] {
    var all: [Payload] = []
    while let entry = popFirst() { all.append(entry.payload) }
    return all
  }

  /// Requests that waited too long and are to be refused.
  package mutating func expire(now: UInt64) -> [Payload] {
    var refused: [Payload] = []
    for index in levels.indices where levels[index].earliestDeadline <= now {
      let late = levels[index].waiting.removeAll { ($0.deadline ?? .max) <= now }
      if policy.levels[index].timeoutAction == .reject {
        refused += late.map(\.payload)
      } else {
        for entry in late { levels[index].delayed.append(entry) }
      }
      var earliest = UInt64.max
      for position in 0..<levels[index].waiting.count {
        earliest = min(earliest, levels[index].waiting[position]?.deadline ?? .max)
      }
      levels[index].earliestDeadline = earliest
    }
    count -= refused.count
    return refused
  }

  /// The earliest time at which `expire` may find something; nil for never.
  package var nextExpiry: UInt64? {
    let earliest = levels.reduce(UInt64.max) { min($0, $1.earliestDeadline) }
    return earliest == .max ? nil : earliest
  }

  /// What an instance that is free now should do. Call `expire` before.
  package mutating func next(now: UInt64) -> Decision {
    switch plan(now: now) {
    case .run(let requests): .run(take(requests))
    case .wait(let time): .wait(until: time)
    }
  }

  package enum Plan: Hashable {
    /// So many requests, the first of the queue.
    case run(Int)
    case wait(until: UInt64?)
  }

  /// As `next`, leaving everything in its place.
  package func plan(now: UInt64) -> Plan {
    guard let first = peek(0) else { return .wait(until: nil) }
    guard policy.joinsRequests else { return .run(1) }
    var requests = 0
    var items = 0
    var oldest = first.arrival
    var preferred = 0
    while requests < count, let entry = peek(requests) {
      if requests > 0, entry.key != first.key || items + entry.size > policy.maximumSize {
        return .run(preferred > 0 ? preferred : requests)
      }
      items += entry.size
      requests += 1
      oldest = min(oldest, entry.arrival)
      if policy.preferredSizes.contains(items) { preferred = requests }
      if items >= policy.maximumSize { return .run(requests) }
    }
    if preferred > 0 { return .run(preferred) }
    let due = oldest.addingClamping(policy.maximumDelay)
    return due <= now ? .run(requests) : .wait(until: min(due, nextExpiry ?? .max))
  }

  /// The request that would run after `index` others.
  private func peek(_ index: Int) -> Entry? {
    var rest = index
    for level in levels {
      if rest < level.waiting.count { return level.waiting[rest] }
      rest -= level.waiting.count
      if rest < level.delayed.count { return level.delayed[rest] }
      rest -= level.delayed.count
    }
    return nil
  }

  private mutating func popFirst() -> Entry? {
    for index in levels.indices {
      if let entry = levels[index].waiting.popFirst() ?? levels[index].delayed.popFirst() {
        count -= 1
        return entry
      }
    }
    return nil
  }

  private mutating func take(_ count: Int) -> [Entry] { (0..<count).compactMap { _ in popFirst() } }
}
