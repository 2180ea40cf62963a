internal import ApusServingSchema

/// The dynamic batcher.
enum DynamicBatchingRules {
  /// Each level has a queue.
  private static let levelLimit: UInt64 = 4096

  static func check(
    _ dynamic: Inference_ModelDynamicBatching, in config: Inference_ModelConfig
  ) throws(ConfigError) {
    try checkSizes(
      dynamic.preferredBatchSize, field: "dynamic_batching.preferred_batch_size", config)
    try checkPriorities(dynamic)
    if dynamic.preserveOrdering { try checkOrder(dynamic) }
  }

  static func checkSizes(
    _ sizes: [Int32], field: String, _ config: Inference_ModelConfig
  ) throws(ConfigError) {
    for (index, size) in sizes.enumerated() {
      guard size > 0 else {
        throw ConfigError("must be 1 or more, is \(size)", field: "\(field)[\(index)]")
      }
      guard size <= config.maxBatchSize else {
        throw ConfigError(
          "is \(size), more than max_batch_size, which is \(config.maxBatchSize)",
          field: "\(field)[\(index)]")
      }
    }
  }

  private static func checkPriorities(_ dynamic: Inference_ModelDynamicBatching) throws(ConfigError)
  {
    let levels = dynamic.priorityLevels
    guard levels <= levelLimit else {
      throw ConfigError(
        "is \(levels), more than \(levelLimit)", field: "dynamic_batching.priority_levels")
    }
    guard levels > 0 else {
      if dynamic.defaultPriorityLevel > 0 || !dynamic.priorityQueuePolicy.isEmpty {
        throw ConfigError(
          "is 0, and there are settings for single levels",
          field: "dynamic_batching.priority_levels")
      }
      return
    }
    guard dynamic.defaultPriorityLevel >= 1, dynamic.defaultPriorityLevel <= levels else {
      throw ConfigError(
        "must be from 1 to \(levels), is \(dynamic.defaultPriorityLevel)",
        field: "dynamic_batching.default_priority_level")
    }
    for level in dynamic.priorityQueuePolicy.keys.sorted() where level < 1 || level > levels {
      throw ConfigError(
        "levels are from 1 to \(levels), found \(level)",
        field: "dynamic_batching.priority_queue_policy")
    }
  }

  private static func checkOrder(_ dynamic: Inference_ModelDynamicBatching) throws(ConfigError) {
    if dynamic.priorityLevels > 1 {
      throw ConfigError(
        "allows one priority level only, and there are \(dynamic.priorityLevels)",
        field: "dynamic_batching.preserve_ordering")
    }
    let policies = [dynamic.defaultQueuePolicy] + dynamic.priorityQueuePolicy.values
    if policies.contains(where: { $0.defaultTimeoutMicroseconds > 0 && $0.timeoutAction == .delay })
    {
      throw ConfigError(
        "allows no queue policy that delays requests", field: "dynamic_batching.preserve_ordering",
        hint: "set timeout_action to REJECT")
    }
  }
}
