internal import ApusServingSchema

/// Instances, and the resources that they wait for.
enum InstanceRules {
  /// Each instance is a thread with memory of its own.
  private static let countLimit: Int32 = 1024

  static func check(_ config: Inference_ModelConfig, _ backend: ModelBackend) throws(ConfigError) {
    if backend == .ensemble {
      guard config.instanceGroup.isEmpty else {
        throw ConfigError("is not for ensembles, which have no instances", field: "instance_group")
      }
      return
    }
    for (index, group) in config.instanceGroup.enumerated() {
      try check(group, field: "instance_group[\(index)]", backend)
    }
    if !config.instanceGroup.isEmpty, config.instanceGroup.allSatisfy(\.passive) {
      throw ConfigError(
        "has passive groups only, so that no request can run", field: "instance_group")
    }
  }

  private static func check(
    _ group: Inference_ModelInstanceGroup, field: String, _ backend: ModelBackend
  ) throws(ConfigError) {
    guard group.count >= 0, group.count <= countLimit else {
      throw ConfigError(
        "must be from 1 to \(countLimit), is \(group.count)", field: "\(field).count")
    }
    switch group.kind {
    case .cpu, .model:
      guard group.gpus.isEmpty else {
        throw ConfigError(
          "names GPUs, and the kind is "
            + (group.kind == .cpu ? "KIND_CPU" : "KIND_MODEL"), field: "\(field).gpus")
      }
    case .auto, .gpu:
      for gpu in group.gpus where gpu < 0 {
        throw ConfigError("GPUs are numbers from 0 on, found \(gpu)", field: "\(field).gpus")
      }
    case .UNRECOGNIZED(let number):
      throw ConfigError("\(number) is none of its values", field: "\(field).kind")
    }
    guard group.secondaryDevices.isEmpty else {
      throw ConfigError("is not supported", field: "\(field).secondary_devices")
    }
    for profile in group.profile {
      guard backend == .engine else {
        throw ConfigError("is for platform 'tensorrt_plan' only", field: "\(field).profile")
      }
      guard let number = Int(profile), number >= 0 else {
        throw ConfigError(
          "'\(profile)' is no number of a profile", field: "\(field).profile")
      }
    }
    try checkResources(group.rateLimiter, field: "\(field).rate_limiter")
  }

  private static func checkResources(
    _ limiter: Inference_ModelRateLimiter, field: String
  ) throws(ConfigError) {
    var names: Set<String> = []
    for (index, resource) in limiter.resources.enumerated() {
      let field = "\(field).resources[\(index)]"
      if resource.name.isEmpty { throw ConfigError("is empty", field: "\(field).name") }
      guard names.insert(resource.name).inserted else {
        throw ConfigError("'\(resource.name)' is named twice", field: "\(field).name")
      }
    }
  }
}
