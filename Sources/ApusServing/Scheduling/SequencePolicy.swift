package import ApusServingSchema

/// How a model's sequences share its instances (`ModelSequenceBatching`).
package struct SequencePolicy: Hashable, Sendable {
  package enum Strategy: Hashable, Sendable {
    /// A sequence keeps its slot of one instance. Waits for `utilization` of the slots or the delay.
    case direct(utilization: Double)
    /// Sequences share a dynamic batcher, one request of each at a time.
    case oldest(preferredSizes: [Int])
  }

  package var strategy = Strategy.direct(utilization: 0)
  /// Items of an execution, at least 1.
  package var maximumBatch = 1
  package var instances = 1
  /// Sequences that are active at once, in all instances together.
  package var capacity = 1
  /// Nanoseconds after which a sequence without requests is forgotten.
  package var idleTimeout: UInt64 = 1_000_000_000
  /// Nanoseconds that the oldest request waits for others.
  package var maximumDelay: UInt64 = 0

  package init() {}

  package init(_ config: Inference_ModelConfig, instances: Int) {
    let sequence = config.sequenceBatching
    self.instances = instances
    maximumBatch = max(Int(config.maxBatchSize), 1)
    capacity = instances * maximumBatch
    if sequence.maxSequenceIdleMicroseconds > 0 {
      idleTimeout = sequence.maxSequenceIdleMicroseconds.multipliedClamping(by: 1000)
    }
    switch sequence.strategyChoice {
    case .oldest(let oldest)?:
      strategy = .oldest(
        preferredSizes: oldest.preferredBatchSize.map { Int($0) }.filter { $0 > 0 }.sorted())
      maximumDelay = oldest.maxQueueDelayMicroseconds.multipliedClamping(by: 1000)
      let candidates = max(Int(oldest.maxCandidateSequences), 0)
      if candidates > 0 { capacity = instances * candidates }
    case .direct(let direct)?:
      strategy = .direct(utilization: Double(direct.minimumSlotUtilization))
      maximumDelay = direct.maxQueueDelayMicroseconds.multipliedClamping(by: 1000)
    case nil: break
    }
  }
}
