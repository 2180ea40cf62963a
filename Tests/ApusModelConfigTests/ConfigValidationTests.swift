import ApusModelConfig
import ApusServingSchema
import Testing

@Suite("Validation of configurations")
struct ConfigValidationTests {
  /// A configuration that is right, to which cases add.
  static let base = """
    name: "m" backend: "onnxruntime" platform: "onnxruntime_onnx" max_batch_size: 8

    """
  static let tensors = """
    input { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }
    output { name: "b" data_type: TYPE_FP32 dims: [ 4 ] }
    """

  private func validate(_ text: String, signature: ModelSignature? = nil) throws {
    var config = try ConfigReader.read(text: text, file: "f")
    ConfigDefaults.normalize(&config)
    try ConfigValidation.validate(config, signature: signature)
  }

  private func expectError(
    _ text: String, _ message: String, signature: ModelSignature? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      try validate(text, signature: signature)
      Issue.record("no error for \(text)", sourceLocation: sourceLocation)
    } catch {
      #expect("\(error)".contains(message), sourceLocation: sourceLocation)
    }
  }

  @Test(
    "Configurations that are right",
    arguments: [
      tensors,
      "input { name: 'a' data_type: TYPE_FP32 dims: [ 2, 4, -1, 6 ] reshape { shape: [ 8, -1, 1, 6 ] } }",
      "input { name: 'a' data_type: TYPE_STRING dims: [ 1 ] reshape { } }",
      "dynamic_batching { preferred_batch_size: [ 4, 8 ] priority_levels: 2 default_priority_level: 1 }",
      "version_policy { specific { versions: [ 1, 3 ] } }",
      "instance_group { count: 2 kind: KIND_CPU rate_limiter { resources { name: 'R' count: 4 } } }",
      "response_cache { enable: true }",
    ])
  func right(text: String) throws { try validate(Self.base + text) }

  @Test(
    "Inputs, outputs, versions and files",
    arguments: [
      ("input { data_type: TYPE_FP32 dims: 1 }", "input[0].name: is empty"),
      ("input { name: 'a' dims: 1 }", "input[0].data_type: of 'a' is missing"),
      ("input { name: 'a' data_type: TYPE_FP32 }", "input[0].dims: of 'a' is missing"),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: [ 1, 0 ] }",
        "input[0].dims[1]: of 'a' must be"
      ),
      ("input { name: 'a' data_type: TYPE_FP32 dims: [ -2 ] }", "input[0].dims[0]: of 'a' must be"),
      (
        "output { name: 'a' data_type: TYPE_FP32 dims: [ 4294967296, 4294967296 ] }",
        "output[0].dims: of 'a' have too many elements"
      ),
      (
        tensors + "input { name: 'a' data_type: TYPE_FP32 dims: 1 }",
        "input[1].name: 'a' is the name"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: [ 2, 3 ] reshape { shape: [ 5 ] } }",
        "input[0].reshape: has another number of elements than dims: [5] and [2,3]"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: [ 2, -1 ] reshape { shape: [ -1, 2 ] } }",
        "input[0].reshape: has another number"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: [ 2, 2 ] format: FORMAT_NCHW }",
        "input[0].format"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: 1 is_shape_tensor: true }",
        "input[0].is_shape_tensor"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: 1 is_non_linear_format_io: true }",
        "input[0].is_non_linear_format_io"
      ),
      (
        "output { name: 'a' data_type: TYPE_FP32 dims: 1 label_filename: '../../etc/passwd' }",
        "output[0].label_filename: '../../etc/passwd' is not inside"
      ),
      ("default_model_filename: '/etc/passwd'", "default_model_filename: '/etc/passwd' is not"),
      ("version_policy { latest { } }", "version_policy.latest.num_versions: must be 1"),
      ("version_policy { specific { versions: [ 0 ] } }", "version_policy.specific.versions[0]"),
      ("version_policy { specific { } }", "version_policy.specific.versions: is empty"),
    ])
  func tensorErrors(text: String, message: String) { expectError(Self.base + text, message) }

  @Test("Names and sizes")
  func general() {
    expectError("backend: 'onnxruntime'", "name: is empty")
    expectError("name: 'm' backend: 'onnxruntime' max_batch_size: -1", "max_batch_size: must be 0")
    expectError(
      "name: 'm' backend: 'identity' input { name: 'a' data_type: TYPE_FP32 dims: 1 reshape { } }",
      "input[0].reshape: cannot be empty")
  }

  @Test(
    "Dynamic batching",
    arguments: [
      ("preferred_batch_size: [ 0 ]", "dynamic_batching.preferred_batch_size[0]: must be 1"),
      ("preferred_batch_size: [ 4, 9 ]", "preferred_batch_size[1]: is 9, more than max_batch_size"),
      ("priority_levels: 2", "default_priority_level: must be from 1 to 2, is 0"),
      ("priority_levels: 2 default_priority_level: 3", "must be from 1 to 2, is 3"),
      (
        "priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value { } }",
        "priority_queue_policy: levels are from 1 to 2, found 3"
      ),
      (
        "preserve_ordering: true priority_levels: 2 default_priority_level: 1",
        "preserve_ordering: allows one priority level"
      ),
      (
        "preserve_ordering: true default_queue_policy { timeout_action: DELAY "
          + "default_timeout_microseconds: 1 }", "preserve_ordering: allows no queue policy"
      ),
      ("priority_levels: 18446744073709551615", "priority_levels: is 18446744073709551615, more"),
    ])
  func dynamicBatching(text: String, message: String) {
    expectError(Self.base + "dynamic_batching { \(text) }", message)
  }

  @Test(
    "Sequence batching",
    arguments: [
      ("control_input { }", "control_input[0].name: is empty"),
      (
        "control_input { name: 'a' control { int32_false_true: [ 0, 1 ] } }",
        "'a' is an input as well"
      ),
      ("control_input { name: 'c' }", "control_input[0].control: a control input is of one kind"),
      ("control_input { name: 'c' control { } }", "control[0]: must have one of int32_false_true"),
      (
        "control_input { name: 'c' control { int32_false_true: [ 0 ] } }",
        "control[0].int32_false_true: must have two values, has 1"
      ),
      (
        "control_input { name: 'c' control { int32_false_true: [ 0, 1 ] fp32_false_true: [ 0, 1 ] } }",
        "has 2"
      ),
      (
        "control_input { name: 'c' control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32 } }",
        "control[0].data_type: must be TYPE_UINT64"
      ),
      (
        "control_input { name: 'c' control { bool_false_true: [ false, true ] } } "
          + "control_input { name: 'd' control { bool_false_true: [ false, true ] } }",
        "control_input[1].control[0].kind: another input"
      ),
      ("oldest { }", "oldest.max_candidate_sequences: must be 1 or more"),
      (
        "oldest { max_candidate_sequences: 1 preferred_batch_size: 9 }",
        "preferred_batch_size[0]: is 9"
      ),
      ("direct { minimum_slot_utilization: 1.5 }", "minimum_slot_utilization: must be from 0 to 1"),
      ("iterative_sequence: true", "iterative_sequence: is not supported"),
      ("state { output_name: 'o' }", "state[0].input_name: is empty"),
      ("state { input_name: 'i' output_name: 'o' dims: 1 }", "state[0].data_type"),
      (
        "state { input_name: 'i' output_name: 'o' data_type: TYPE_FP32 dims: 1 initial_state { "
          + "name: 'n' data_type: TYPE_FP32 dims: 2 zero_data: true } }",
        "state[0].initial_state[0].dims: [2] does not fit [1] of 'i'"
      ),
      (
        "state { input_name: 'i' output_name: 'o' data_type: TYPE_FP32 dims: -1 initial_state { "
          + "name: 'n' data_type: TYPE_FP32 dims: 2 data_file: '../x' } }",
        "initial_state[0].data_file: '../x' is not inside"
      ),
    ])
  func sequenceBatching(text: String, message: String) {
    expectError(Self.base + Self.tensors + "sequence_batching { \(text) }", message)
  }

  @Test(
    "Instances, features and warm-up",
    arguments: [
      ("instance_group { count: -1 }", "instance_group[0].count: must be from 1 to"),
      ("instance_group { count: 2000000000 }", "instance_group[0].count: must be from 1 to"),
      ("instance_group { kind: KIND_CPU gpus: 0 }", "instance_group[0].gpus: names GPUs"),
      ("instance_group { kind: KIND_MODEL gpus: 0 }", "instance_group[0].gpus: names GPUs"),
      ("instance_group { profile: '0' }", "instance_group[0].profile: is for platform"),
      ("instance_group { passive: true }", "instance_group: has passive groups only"),
      ("instance_group { secondary_devices { } }", "secondary_devices: is not supported"),
      (
        "instance_group { rate_limiter { resources { name: 'R' } resources { name: 'R' } } }",
        "rate_limiter.resources[1].name: 'R' is named twice"
      ),
      (
        "response_cache { enable: true } model_transaction_policy { decoupled: true }",
        "response_cache.enable: does not go with decoupled"
      ),
      ("response_cache { enable: true } sequence_batching { }", "response_cache.enable: does not"),
      ("model_operations { op_library_filename: 'x.so' }", "model_operations.op_library_filename"),
      ("model_repository_agents { agents { name: 'checksum' } }", "model_repository_agents"),
      ("model_metrics { metric_control { } }", "metric_identifier.family: is missing"),
      ("model_warmup { batch_size: 9 }", "model_warmup[0].batch_size: is 9"),
      ("model_warmup { inputs { key: 'z' value { } } }", "model_warmup[0].inputs['z']: is none"),
      (
        "model_warmup { inputs { key: 'a' value { data_type: TYPE_FP32 dims: -1 zero_data: true } } }",
        "inputs['a'].dims[0]: of 'a' must be 1 or more, is -1"
      ),
      (
        "model_warmup { inputs { key: 'a' value { data_type: TYPE_FP32 dims: 1 } } }",
        "inputs['a']: must have one of"
      ),
      (
        "batch_input { source_input: 'a' target_name: 't' data_type: TYPE_INT64 }",
        "batch_input[0].data_type: must be"
      ),
      (
        "batch_input { source_input: 'z' target_name: 't' data_type: TYPE_INT32 }",
        "batch_input[0].source_input: 'z' is none of the inputs"
      ),
      (
        "batch_input { source_input: 'a' target_name: 'a' data_type: TYPE_INT32 }",
        "batch_input[0].target_name: 'a' is the name of another"
      ),
      ("batch_input { data_type: TYPE_INT32 }", "batch_input[0].source_input: names one input"),
      (
        "batch_output { source_input: 'a' target_name: 'z' }",
        "batch_output[0].target_name: 'z' is none of the outputs"
      ),
    ])
  func features(text: String, message: String) {
    expectError(Self.base + Self.tensors + text, message)
  }

  @Test(
    "Ensembles",
    arguments: [
      ("", "ensemble_scheduling.step: is missing"),
      ("step { }", "step[0].model_name: is missing"),
      ("step { model_name: 'e' }", "step[0].model_name: is the ensemble itself"),
      ("step { model_name: 'x' }", "step[0].input_map: is missing"),
      (
        "step { model_name: 'x' input_map { key: 'i' value: 'a' } }",
        "step[0].output_map: is missing"
      ),
      (
        "step { model_name: 'x' input_map { key: 'i' value: 'q' } output_map { key: 'o' value: 'b' } }",
        "step[0].input_map: the ensemble's tensor 'q' is no input and no step writes it"
      ),
      (
        "step { model_name: 'x' input_map { key: 'i' value: 'a' } output_map { key: 'o' value: 'q' } }",
        "output[0]: the ensemble's output 'b' is written by no step"
      ),
      (
        "step { model_name: 'x' input_map { key: 'i' value: 'a' } output_map { key: 'o' value: 'b' } "
          + "output_map { key: 'p' value: 'q' } }",
        "the ensemble's tensor 'q' is used by no step and is no output"
      ),
      (
        "step { model_name: 'x' input_map { key: 'i' value: 'a' } output_map { key: 'o' value: 'a' } }",
        "'a' is written by the request already"
      ),
      (
        "step { model_name: 'x' input_map { key: 'i' value: 'a' } input_map { key: 'j' value: 'q' } "
          + "output_map { key: 'o' value: 'b' } } step { model_name: 'y' "
          + "input_map { key: 'i' value: 'b' } output_map { key: 'o' value: 'q' } }",
        "step[0]: waits for 'q', which waits for this step"
      ),
    ])
  func ensembles(text: String, message: String) {
    expectError(
      "name: 'e' platform: 'ensemble' max_batch_size: 8 \(Self.tensors) ensemble_scheduling { \(text) }",
      message)
  }

  @Test("Ensembles have no instances, and their platform says so")
  func ensemblePlatform() {
    let steps = """
      ensemble_scheduling { step { model_name: "x" input_map { key: "i" value: "a" }
        output_map { key: "o" value: "b" } } }
      """
    #expect(throws: Never.self) {
      try validate("name: 'e' platform: 'ensemble' \(Self.tensors) \(steps)")
    }
    expectError(
      "name: 'e' platform: 'ensemble' \(Self.tensors) \(steps) instance_group { }", "instance_group"
    )
    expectError(
      "name: 'e' platform: 'ensemble' \(Self.tensors) \(steps) optimization { }", "optimization")
    expectError("\(Self.base) \(Self.tensors) \(steps)", "platform: is 'onnxruntime_onnx'")
    expectError("name: 'e' platform: 'ensemble'", "ensemble_scheduling: is missing")
    expectError("name: 'e' platform: 'ensemble' backend: 'x'", "backend: is 'x'")
  }

  @Test(
    "Configurations are compared with the model",
    arguments: [
      (
        "input { name: 'zzz' data_type: TYPE_FP32 dims: 4 }",
        "input[0].name: the model has no input 'zzz' (inputs: a, b)"
      ),
      (
        "input { name: 'a' data_type: TYPE_INT32 dims: 4 }",
        "input[0].data_type: is TYPE_INT32, but 'a' of the model is TYPE_FP32"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: [ 5 ] }",
        "input[0].dims: the model's shape of 'a' is [-1,4], the configuration's is [-1,5], with"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: [ -1 ] }",
        "the model's shape of 'a' is [-1,4], the configuration's is [-1,-1]"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: 4 }",
        "input: lacks 'b', which the model needs"
      ),
      (
        "input { name: 'a' data_type: TYPE_FP32 dims: 4 allow_ragged_batch: true }",
        "allow_ragged_batch: the model's 'a' must have the shape [-1], has [-1,4]"
      ),
    ])
  func comparison(text: String, message: String) {
    let signature = ModelSignature(
      inputs: [
        TensorSignature("a", .fp32, dims: [-1, 4]), TensorSignature("b", .fp32, dims: [-1, -1]),
        TensorSignature("c", .fp32, dims: [-1], isOptional: true),
      ],
      outputs: [TensorSignature("y", .fp32, dims: [-1, -1])])
    expectError(
      Self.base + text, message.replacing("a, b)", with: "a, b, c)"), signature: signature)
    #expect(throws: Never.self) {
      try validate(
        Self.base + """
          input { name: 'a' data_type: TYPE_FP32 dims: 4 }
          input { name: 'b' data_type: TYPE_FP32 dims: 9 }
          output { name: 'y' data_type: TYPE_FP32 dims: 7 }
          """, signature: signature)
    }
  }
}
