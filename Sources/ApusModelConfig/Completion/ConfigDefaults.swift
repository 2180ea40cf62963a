package import ApusServingSchema

/// The defaults of fields that a configuration leaves out.
package enum ConfigDefaults {
  /// Idle sequences are forgotten after a second.
  private static let sequenceIdle: UInt64 = 1_000_000
  /// Instances of an ONNX model on the CPU: the second copies inputs while the first computes.
  private static let onnxInstances: Int32 = 2

  /// Fills in defaults of a completed configuration, as clients see them in `config`. `gpuCount` is the
  /// number of GPUs that instances can use. Answers what is served another way than it says.
  /// Normalising again changes nothing.
  @discardableResult
  package static func normalize(
    _ config: inout Inference_ModelConfig, gpuCount: Int = 0
  ) -> [ConfigNote] {
    if config.versionPolicy.policyChoice == nil {
      var latest = Inference_ModelVersionPolicy.Latest()
      latest.numVersions = 1
      config.versionPolicy.latest = latest
    }
    normalizeScheduler(&config)
    guard config.platform != ModelBackend.ensemble.platform else { return [] }
    if !config.optimization.hasInputPinnedMemory {
      config.optimization.inputPinnedMemory.enable = true
    }
    if !config.optimization.hasOutputPinnedMemory {
      config.optimization.outputPinnedMemory.enable = true
    }
    return normalizeInstances(&config, gpuCount: gpuCount) + hints(config)
  }

  private static func normalizeScheduler(_ config: inout Inference_ModelConfig) {
    let whole = config.maxBatchSize > 0 ? [config.maxBatchSize] : []
    switch config.schedulingChoice {
    case .dynamicBatching(var dynamic):
      if dynamic.preferredBatchSize.isEmpty { dynamic.preferredBatchSize = whole }
      config.schedulingChoice = .dynamicBatching(dynamic)
    case .sequenceBatching(var sequence):
      if sequence.maxSequenceIdleMicroseconds == 0 {
        sequence.maxSequenceIdleMicroseconds = sequenceIdle
      }
      if case .oldest(var oldest)? = sequence.strategyChoice {
        if oldest.preferredBatchSize.isEmpty { oldest.preferredBatchSize = whole }
        sequence.strategyChoice = .oldest(oldest)
      }
      config.schedulingChoice = .sequenceBatching(sequence)
    case .ensembleScheduling(var ensemble):
      for index in ensemble.step.indices where ensemble.step[index].modelVersion == 0 {
        ensemble.step[index].modelVersion = -1
      }
      config.schedulingChoice = .ensembleScheduling(ensemble)
    case nil: break
    }
  }

  private static func normalizeInstances(
    _ config: inout Inference_ModelConfig, gpuCount: Int
  ) -> [ConfigNote] {
    var notes: [ConfigNote] = []
    if config.instanceGroup.isEmpty {
      var group = Inference_ModelInstanceGroup()
      group.name = config.name
      config.instanceGroup = [group]
    }
    for index in config.instanceGroup.indices {
      if config.instanceGroup[index].name.isEmpty {
        config.instanceGroup[index].name = "\(config.name)_\(index)"
      }
      let group = config.instanceGroup[index]
      let hasGPUs = gpuCount > 0 && group.gpus.allSatisfy { $0 >= 0 && Int($0) < gpuCount }
      switch group.kind {
      case .auto: config.instanceGroup[index].kind = hasGPUs ? .gpu : .cpu
      case .gpu where gpuCount == 0:
        config.instanceGroup[index].kind = .cpu
        notes.append(.instancesOnCPU(group: config.instanceGroup[index].name))
      default: break
      }
      switch config.instanceGroup[index].kind {
      case .gpu where group.gpus.isEmpty:
        config.instanceGroup[index].gpus = (0..<Int32(clamping: gpuCount)).map { $0 }
      case .cpu where group.kind != .cpu: config.instanceGroup[index].gpus = []
      default: break
      }
      if config.instanceGroup[index].count < 1, group.count == 0 {
        let isONNX = config.platform == ModelBackend.onnx.platform
        let isCPU = config.instanceGroup[index].kind == .cpu
        config.instanceGroup[index].count = isONNX && isCPU ? onnxInstances : 1
      }
    }
    return notes
  }

  /// Fields that tune another runtime.
  private static func hints(_ config: Inference_ModelConfig) -> [ConfigNote] {
    var notes: [ConfigNote] = []
    let optimization = config.optimization
    if !optimization.executionAccelerators.gpuExecutionAccelerator.isEmpty
      || !optimization.executionAccelerators.cpuExecutionAccelerator.isEmpty
    {
      notes.append(
        .noEffect(
          field: "optimization.execution_accelerators",
          reason: "the model is compiled by Apus itself"))
    }
    if optimization.hasCuda {
      notes.append(
        .noEffect(
          field: "optimization.cuda", reason: "Apus decides about graphs and streams itself"))
    }
    if !config.runtime.isEmpty {
      notes.append(.noEffect(field: "runtime", reason: "there is one runtime"))
    }
    if !config.ccModelFilenames.isEmpty {
      notes.append(
        .noEffect(
          field: "cc_model_filenames",
          reason: "default_model_filename is served on the CPU"))
    }
    return notes
  }
}
