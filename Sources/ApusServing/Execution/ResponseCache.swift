internal import Synchronization

/// Answers of models to inputs seen before, least recently used first to go (Triton's local cache).
///
/// An entry keeps the inputs and compares them in full: equal hashes alone never make an answer.
package final class ResponseCache: Sendable {
  struct Key: Sendable {
    let model: String
    let version: Int
    let inputs: [NamedTensor]
    /// Inputs by content, the version and the model.
    let hash: Int

    init(_ contract: ModelContract, _ inputs: [NamedTensor]) {
      model = contract.model
      version = contract.version
      self.inputs = inputs.sorted { $0.name < $1.name }
      var hasher = Hasher()
      hasher.combine(model)
      hasher.combine(version)
      for input in self.inputs {
        hasher.combine(input.name)
        hasher.combine(input.tensor.dataType)
        hasher.combine(input.tensor.shape)
        input.tensor.hashContent(into: &hasher)
      }
      hash = hasher.finalize()
    }

    func matches(_ other: Key) -> Bool {
      model == other.model && version == other.version && inputs.count == other.inputs.count
        && zip(inputs, other.inputs).allSatisfy {
          $0.name == $1.name && $0.tensor.isEqual($1.tensor)
        }
    }

    var byteCount: Int { inputs.reduce(256) { $0 + $1.tensor.byteCount } }
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

  private struct State {
    /// Entries whose hashes are equal stand together.
    var entries: [Int: [Entry]] = [:]
    var clock: UInt64 = 0
    var counters = Counters()
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
      state.clock += 1
      state.entries[key.hash]?[index].use = state.clock
      return state.entries[key.hash]?[index].outputs
    }
  }

  /// Keeps copies of nothing: tensors share the memory of the request and the answer.
  func insert(_ key: Key, _ outputs: [NamedTensor]) {
    let start = Clock.now()
    let bytes = outputs.reduce(key.byteCount) { $0 + $1.tensor.byteCount }
    guard bytes <= capacity else { return }
    state.withLock { state in
      defer { state.counters.insertionNanoseconds &+= Clock.now() &- start }
      if state.entries[key.hash]?.contains(where: { $0.key.matches(key) }) == true { return }
      while state.counters.usedBytes + bytes > capacity { Self.evict(&state) }
      state.clock += 1
      state.entries[key.hash, default: []].append(
        Entry(key: key, outputs: outputs, byteCount: bytes, use: state.clock))
      state.counters.usedBytes += bytes
      state.counters.entries += 1
    }
  }

  /// Drops what was used least recently.
  private static func evict(_ state: inout State) {
    guard
      let oldest = state.entries.min(by: { first, second in
        (first.value.map(\.use).min() ?? .max) < (second.value.map(\.use).min() ?? .max)
      }), let index = oldest.value.indices.min(by: { oldest.value[$0].use < oldest.value[$1].use })
    else {
      state.counters.usedBytes = 0
      return
    }
    var rest = oldest.value
    let gone = rest.remove(at: index)
    state.entries[oldest.key] = rest.isEmpty ? nil : rest
    state.counters.usedBytes -= gone.byteCount
    state.counters.entries -= 1
    state.counters.evictions += 1
  }

  /// Forgets all answers of a model.
  func remove(model: String) {
    state.withLock { state in
      for (hash, entries) in state.entries {
        let kept = entries.filter { $0.key.model != model }
        for entry in entries where entry.key.model == model {
          state.counters.usedBytes -= entry.byteCount
          state.counters.entries -= 1
        }
        state.entries[hash] = kept.isEmpty ? nil : kept
      }
    }
  }
}
