/// The sequences of a model as a state machine: which are active, whose turn it is, which are idle.
///
/// A sequence is active from the moment a place is free until its last request is done, or until it
/// was idle for too long; before that its requests wait in the backlog. Of an active sequence one
/// request runs at a time, in order.
package struct SequenceQueue<Payload> {
  /// A request that waits for its turn.
  package struct Entry {
    package let payload: Payload
    package let position: SequencePosition
    /// Requests with equal keys may be joined.
    let key: [Int]
    let arrival: UInt64
  }

  /// What an instance should do.
  package enum Decision {
    /// One request each of several sequences, joined.
    case run([Entry])
    /// Nothing before this time, unless a request arrives or ends; nil where none waits.
    case wait(until: UInt64?)
  }

  private struct Sequence {
    var waiting = FIFO<Entry>()
    /// The instance that it belongs to; nil while it waits for a place.
    var instance: Int?
    /// The place of the request that runs; nil while none does.
    var running: SequencePosition?
    var lastUse: UInt64

    var isIdle: Bool { running == nil && waiting.isEmpty }
    /// Whether its last request has arrived.
    var isEnding: Bool {
      (waiting.isEmpty ? running : waiting[waiting.count - 1]?.position)?.isEnd == true
    }
  }

  package let policy: SequencePolicy
  private var sequences: [CorrelationID: Sequence] = [:]
  /// Sequences without a place, in order of arrival.
  private var backlog = FIFO<CorrelationID>()
  private var activeCounts: [Int]
  package private(set) var count = 0

  package init(_ policy: SequencePolicy) {
    self.policy = policy
    activeCounts = Array(repeating: 0, count: max(policy.instances, 1))
  }

  /// Sequences that are known.
  package var sequenceCount: Int { sequences.count }

  func knows(_ id: CorrelationID) -> Bool { sequences[id] != nil }

  /// Takes a request in; false where it does not start its sequence and nobody did.
  package mutating func enqueue(
    _ payload: Payload, _ position: SequencePosition, key: [Int], now: UInt64
  ) -> Bool {
    let id = position.id
    if sequences[id] == nil {
      guard position.isStart else { return false }
      sequences[id] = Sequence(lastUse: now)
      if activeCounts.reduce(0, +) < policy.capacity { activate(id) } else { backlog.append(id) }
    } else if sequences[id]?.isEnding == true, !position.isStart {
      return false
    }
    sequences[id]?.waiting.append(
      Entry(payload: payload, position: position, key: key, arrival: now))
    sequences[id]?.lastUse = now
    count += 1
    return true
  }

  private mutating func activate(_ id: CorrelationID) {
    let instance = activeCounts.indices.min { activeCounts[$0] < activeCounts[$1] } ?? 0
    activeCounts[instance] += 1
    sequences[id]?.instance = instance
  }

  /// What instance `instance` should run now. Requests that it returns run until `complete`.
  package mutating func next(instance: Int, now: UInt64) -> Decision {
    let ready = readySequences(instance)
    guard let first = ready.first else { return .wait(until: nil) }
    var batch: [CorrelationID] = []
    var preferred = 0
    var isCut = false
    for candidate in ready {
      if candidate.key != first.key {
        isCut = true
        continue
      }
      batch.append(candidate.id)
      if case .oldest(let sizes) = policy.strategy, sizes.contains(batch.count) {
        preferred = batch.count
      }
      if batch.count == policy.maximumBatch { break }
    }
    let due = first.arrival.addingClamping(policy.maximumDelay)
    if preferred > 0, batch.count < policy.maximumBatch { batch = Array(batch.prefix(preferred)) }
    guard
      batch.count == policy.maximumBatch || preferred > 0 || isCut || due <= now
        || isUtilized(batch.count, instance)
    else { return .wait(until: due) }
    return .run(batch.compactMap { take($0) })
  }

  private func isUtilized(_ ready: Int, _ instance: Int) -> Bool {
    guard case .direct(let utilization) = policy.strategy else { return false }
    return Double(ready) >= utilization * Double(policy.maximumBatch)
      // No other sequence can join: waiting would be for nothing.
      || ready == activeCounts[instance] && backlog.isEmpty && utilization == 0
  }

  private func readySequences(
    _ instance: Int
  ) -> [(id: CorrelationID, key: [Int], arrival: UInt64)] {
    var ready: [(id: CorrelationID, key: [Int], arrival: UInt64)] = []
    let isBound = if case .direct = policy.strategy { true } else { false }
    for (id, sequence) in sequences {
      guard let home = sequence.instance, !isBound || home == instance, sequence.running == nil,
        let entry = sequence.waiting.first
      else { continue }
      ready.append((id, entry.key, entry.arrival))
    }
    return ready.sorted { $0.arrival < $1.arrival }
  }

  private mutating func take(_ id: CorrelationID) -> Entry? {
    guard let entry = sequences[id]?.waiting.popFirst() else { return nil }
    sequences[id]?.running = entry.position
    count -= 1
    return entry
  }

  /// The request of a sequence that ran is done. True where the sequence is over, its state to be
  /// forgotten.
  package mutating func complete(_ position: SequencePosition, now: UInt64) -> Bool {
    guard let sequence = sequences[position.id] else { return true }
    sequences[position.id]?.running = nil
    sequences[position.id]?.lastUse = now
    guard position.isEnd, sequence.waiting.isEmpty else { return false }
    forget(position.id)
    return true
  }

  private mutating func forget(_ id: CorrelationID) {
    guard let sequence = sequences.removeValue(forKey: id) else { return }
    if let instance = sequence.instance {
      activeCounts[instance] -= 1
    } else {
      // The same client may begin anew and must not stand there twice.
      _ = backlog.removeAll { $0 == id }
    }
    while activeCounts.reduce(0, +) < policy.capacity, let next = backlog.popFirst() {
      if let sequence = sequences[next], sequence.instance == nil { activate(next) }
    }
  }

  /// Forgets sequences that have been idle for too long; returns them.
  package mutating func expire(now: UInt64) -> [CorrelationID] {
    let idle = sequences.filter { _, sequence in
      sequence.isIdle && sequence.lastUse.addingClamping(policy.idleTimeout) <= now
    }.map(\.key)
    for id in idle { forget(id) }
    return idle
  }

  /// When `expire` may find something next; nil where there are no sequences.
  package var nextExpiry: UInt64? {
    sequences.values.filter(\.isIdle)
      .map { $0.lastUse.addingClamping(policy.idleTimeout) }.min()
  }

  /// Takes out a request that waits; nil where none fulfils `predicate`. A sequence whose only request was
  /// to start it is forgotten.
  package mutating func remove(where predicate: (Payload) -> Bool) -> Payload? {
    for id in sequences.keys {
      if let found = sequences[id]?.waiting.removeAll(where: { predicate($0.payload) }).first {
        count -= 1
        if found.position.isStart, sequences[id]?.isIdle == true { forget(id) }
        return found.payload
      }
    }
    return nil
  }
}
