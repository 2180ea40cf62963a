internal import Synchronization

/// Answers of models to inputs seen before, least recently used first to go (Triton's local cache).
///
/// An entry keeps the inputs and compares them in full: equal hashes alone never make an answer.
package final class ResponseCache: Sendable {
  struct Key: Sendable {
    /// Of the model's contract: a version that is loaded again gives answers of its own.
    let generation: UInt64
    let inputs: [NamedTensor]
    /// Inputs by content, and the generation.
    let hash: Int

    init(_ contract: ModelContract, _ inputs: [NamedTensor]) {
      generation = contract.generation
      self.inputs = inputs.sorted { $0.name < $1.name }
      var hasher = Hasher()
      hasher.combine(generation)
      for input in self.inputs {
        hasher.combine(input.name)
        hasher.combine(input.tensor.dataType)
        hasher.combine(input.tensor.shape)
        input.tensor.hashContent(into: &hasher)
      }
      hash = hasher.finalize()
    }

    private init(generation: UInt64, inputs: [NamedTensor], hash: Int) {
      self.generation = generation
      self.inputs = inputs
      self.hash = hash
    }

    func matches(_ other: Key) -> Bool {
      generation == other.generation && inputs.count == other.inputs.count
        && zip(inputs, other.inputs).allSatisfy {
          $0.name == $1.name && $0.tensor.isEqual($1.tensor)
        }
    }

    var byteCount: Int { inputs.reduce(256) { $0 + $1.tensor.byteCount } }

    /// With inputs in memory of their own.
    func copied() throws(ServingError) -> Key {
      Key(generation: generation, inputs: try ResponseCache.copies(of: inputs), hash: hash)
    }
  }

  /// What metrics say of the cache.
  package struct Counters: Sendable {
    package var entries = 0
    package var lookups: UInt64 = 0
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    package var evictions: UInt64 = 0
    package var lookupNanoseconds: UInt64 = 0
    package var insertionNanoseconds: UInt64 = 0
    package var usedBytes = 0
  }

  private struct Entry {
    let key: Key
    let outputs: [NamedTensor]
    let byteCount: Int
    var use: UInt64
  }

  /// That an entry was used; out of date where it was used again.
  private struct Use {
    let number: UInt64
    let hash: Int
  }

  private struct State {
    /// Entries whose hashes are equal stand together.
    var entries: [Int: [Entry]] = [:]
    /// In order; the last of each entry counts.
    var uses = FIFO<Use>()
    var clock: UInt64 = 0
    var counters = Counters()

    /// The number of a use of an entry with this hash.
    mutating func use(_ hash: Int) -> UInt64 {
      clock += 1
      uses.append(Use(number: clock, hash: hash))
      return clock
    }

    private func isCurrent(_ use: Use) -> Bool {
      entries[use.hash]?.contains { $0.use == use.number } == true
    }

    /// Drops what was used least recently; false where there is nothing.
    mutating func evict() -> Bool {
      while let use = uses.popFirst() {
        guard let index = entries[use.hash]?.firstIndex(where: { $0.use == use.number }),
          let gone = entries[use.hash]?.remove(at: index)
        else { continue }
        if entries[use.hash]?.isEmpty == true { entries[use.hash] = nil }
        forget(gone)
        counters.evictions += 1
        return true
      }
      return false
    }

    mutating func forget(_ entry: Entry) {
      counters.usedBytes -= entry.byteCount
      counters.entries -= 1
    }

    /// Keeps the list of uses in proportion to the entries.
    mutating func tidy() {
      guard uses.count > 2 * counters.entries + 1024 else { return }
      var current = FIFO<Use>()
      while let use = uses.popFirst() {
        if isCurrent(use) { current.append(use) }
      }
      uses = current
    }
  }

  package let capacity: Int
  private let state = Mutex(State())

  /// `capacity` in bytes bounds inputs and outputs together.
  package init(capacity: Int) { self.capacity = capacity }

  package var counters: Counters { state.withLock { $0.counters } }

  func find(_ key: Key) -> [NamedTensor]? {
    let start = Clock.now()
    return state.withLock { state in
      state.counters.lookups += 1
      defer { state.counters.lookupNanoseconds &+= Clock.now() &- start }
      guard let index = state.entries[key.hash]?.firstIndex(where: { $0.key.matches(key) }) else {
        state.counters.misses += 1
        return nil
      }
      state.counters.hits += 1
      let use = state.use(key.hash)
      state.entries[key.hash]?[index].use = use
      state.tidy()
      return state.entries[key.hash]?[index].outputs
    }
  }

  /// Keeps copies: tensors of a request may share memory with all that came with it, those of an answer
  /// with the other answers of their batch, which would stay as well.
  func insert(_ key: Key, _ outputs: [NamedTensor]) {
    let start = Clock.now()
    let bytes = outputs.reduce(key.byteCount) { $0 + $1.tensor.byteCount }
    guard bytes <= capacity, let key = try? key.copied(),
      let outputs = try? Self.copies(of: outputs)
    else { return }
    state.withLock { state in
      defer { state.counters.insertionNanoseconds &+= Clock.now() &- start }
      if state.entries[key.hash]?.contains(where: { $0.key.matches(key) }) == true { return }
      while state.counters.usedBytes + bytes > capacity, state.evict() {}
      let use = state.use(key.hash)
      state.entries[key.hash, default: []].append(
        Entry(key: key, outputs: outputs, byteCount: bytes, use: use))
      state.counters.usedBytes += bytes
      state.counters.entries += 1
    }
  }

  private static func copies(of tensors: [NamedTensor]) throws(ServingError) -> [NamedTensor] {
    var copies: [NamedTensor] = []
    for tensor in tensors {
      copies.append(NamedTensor(tensor.name, try tensor.tensor.copied()))
    }
    return copies
  }

  /// Forgets all answers of one loaded version.
  func remove(_ generation: UInt64) {
    state.withLock { state in
      for (hash, entries) in state.entries {
        let kept = entries.filter { $0.key.generation != generation }
        guard kept.count < entries.count else { continue }
        for entry in entries where entry.key.generation == generation { state.forget(entry) }
        state.entries[hash] = kept.isEmpty ? nil : kept
      }
      state.tidy()
    }
  }
}
