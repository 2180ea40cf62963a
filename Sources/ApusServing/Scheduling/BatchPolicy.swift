package import ApusServingSchema

/// How a model's requests are joined (`ModelDynamicBatching`, and what models without it do).
package struct BatchPolicy: Hashable, Sendable {
  /// Items of all requests of an execution together; what is larger never comes, validation
  /// refuses it.
  package var maximumSize = 1
  /// Whether requests are joined at all.
  package var joinsRequests = false
  /// Sizes that are sent as soon as they are there, ascending.
  package var preferredSizes: [Int] = []
  /// Longest wait of the oldest request for more, in nanoseconds.
  package var maximumDelay: UInt64 = 0
  package var preservesOrder = false
  /// One for each priority level, the highest first; at least one.
  package var levels = [QueuePolicy()]
  /// The level of requests that name none, from 0.
  package var defaultLevel = 0

  package init() {}

  package init(_ config: Inference_ModelConfig) {
    maximumSize = max(Int(config.maxBatchSize), 1)
    guard case .dynamicBatching(let dynamic)? = config.schedulingChoice else { return }
    joinsRequests = config.maxBatchSize > 0
    preferredSizes = dynamic.preferredBatchSize.map { Int($0) }.filter { $0 > 0 }.sorted()
    maximumDelay = dynamic.maxQueueDelayMicroseconds.multipliedClamping(by: 1000)
    preservesOrder = dynamic.preserveOrdering
    let fallback = QueuePolicy(dynamic.defaultQueuePolicy)
    // The number comes from a file: more levels than this serve nobody.
    let count = Int(min(max(dynamic.priorityLevels, 1), 4096))
    levels = (1...count).map { level in
      dynamic.priorityQueuePolicy[UInt64(level)].map { QueuePolicy($0) } ?? fallback
    }
    let level = dynamic.defaultPriorityLevel
    defaultLevel = level > 0 ? Int(min(level, UInt64(count))) - 1 : 0
  }

  /// The level of a request's priority, from 0. A priority that there is not is none, as in Triton.
  func level(priority: UInt64) -> Int {
    priority == 0 || priority > UInt64(levels.count) ? defaultLevel : Int(priority) - 1
  }
}
