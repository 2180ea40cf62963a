internal import ApusServingSchema

/// The sequence batcher.
enum SequenceBatchingRules {
  private typealias Control = Inference_ModelSequenceBatching.Control

  static func check(
    _ sequence: Inference_ModelSequenceBatching, in config: Inference_ModelConfig
  ) throws(ConfigError) {
    try checkControls(sequence, in: config)
    try StateRules.check(sequence.state, in: config)
    switch sequence.strategyChoice {
    case .oldest(let oldest):
      guard oldest.maxCandidateSequences > 0 else {
        throw ConfigError(
          "must be 1 or more, is \(oldest.maxCandidateSequences)",
          field: "sequence_batching.oldest.max_candidate_sequences")
      }
      try DynamicBatchingRules.checkSizes(
        oldest.preferredBatchSize, field: "sequence_batching.oldest.preferred_batch_size", config)
    case .direct(let direct):
      guard direct.minimumSlotUtilization >= 0, direct.minimumSlotUtilization <= 1 else {
        throw ConfigError(
          "must be from 0 to 1, is \(direct.minimumSlotUtilization)",
          field: "sequence_batching.direct.minimum_slot_utilization")
      }
    case nil: break
    }
    if sequence.iterativeSequence {
      throw ConfigError("is not supported", field: "sequence_batching.iterative_sequence")
    }
    if config.responseCache.enable {
      throw ConfigError("does not go with sequence_batching", field: "response_cache.enable")
    }
  }

  private static func checkControls(
    _ sequence: Inference_ModelSequenceBatching, in config: Inference_ModelConfig
  ) throws(ConfigError) {
    let inputs = Set(config.input.map(\.name))
    var names: Set<String> = []
    var kinds: Set<Control.Kind> = []
    for (index, input) in sequence.controlInput.enumerated() {
      let field = "sequence_batching.control_input[\(index)]"
      if input.name.isEmpty { throw ConfigError("is empty", field: "\(field).name") }
      guard names.insert(input.name).inserted else {
        throw ConfigError("'\(input.name)' is named twice", field: "\(field).name")
      }
      if inputs.contains(input.name) {
        throw ConfigError(
          "'\(input.name)' is an input as well", field: "\(field).name",
          hint: "the server supplies control inputs; take it out of 'input'")
      }
      guard input.control.count == 1 else {
        throw ConfigError(
          "a control input is of one kind, '\(input.name)' has \(input.control.count)",
          field: "\(field).control")
      }
      for control in input.control {
        guard kinds.insert(control.kind).inserted else {
          throw ConfigError(
            "another input is of this kind as well", field: "\(field).control[0].kind")
        }
        try check(control, field: "\(field).control[0]")
      }
    }
  }

  private static func check(_ control: Control, field: String) throws(ConfigError) {
    let counts = [
      ("int32_false_true", control.int32FalseTrue.count),
      ("fp32_false_true", control.fp32FalseTrue.count),
      ("bool_false_true", control.boolFalseTrue.count),
    ].filter { $0.1 > 0 }
    if control.kind == .controlSequenceCorrid {
      guard counts.isEmpty else {
        throw ConfigError(
          "is not for CONTROL_SEQUENCE_CORRID, which has a data_type",
          field: "\(field).\(counts[0].0)")
      }
      let types: [Inference_DataType] = [
        .typeUint64, .typeInt64, .typeUint32, .typeInt32, .typeString,
      ]
      guard types.contains(control.dataType) else {
        throw ConfigError(
          "must be TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 or TYPE_STRING",
          field: "\(field).data_type")
      }
      return
    }
    guard counts.count == 1 else {
      throw ConfigError(
        "must have one of int32_false_true, fp32_false_true and bool_false_true, has "
          + "\(counts.count)", field: field)
    }
    guard counts[0].1 == 2 else {
      throw ConfigError(
        "must have two values, has \(counts[0].1)", field: "\(field).\(counts[0].0)")
    }
  }
}
