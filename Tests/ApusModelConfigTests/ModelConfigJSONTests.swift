import ApusModelConfig
import ApusServingSchema
import SwiftProtobuf
import Testing

@Suite("Model configurations in JSON")
struct ModelConfigJSONTests {
  @Test("All fields are there, with defaults; what has none is left out")
  func wholeConfig() {
    var config = Inference_ModelConfig()
    config.name = "m"
    config.backend = "identity"
    config.versionPolicy.latest.numVersions = 1
    config.maxBatchSize = 8
    var input = Inference_ModelInput()
    input.name = "I\"\n"
    input.dataType = .typeFp32
    input.dims = [-1, 1 << 40]
    config.input = [input]
    config.dynamicBatching.preferredBatchSize = [8]
    config.optimization.inputPinnedMemory.enable = true
    config.parameters["k"] = .with { $0.stringValue = "v" }
    config.dynamicBatching.priorityQueuePolicy[2] = Inference_ModelQueuePolicy()
    #expect(
      ModelConfigJSON.text(of: config)
        == #"""
        {"name":"m","platform":"","backend":"identity","runtime":"","version_policy":{"latest":
        {"num_versions":1}},"max_batch_size":8,"input":[{"name":"I\"\n","data_type":"TYPE_FP32",
        "format":"FORMAT_NONE","dims":[-1,1099511627776],"is_shape_tensor":false,
        "allow_ragged_batch":false,"optional":false,"is_non_linear_format_io":false}],"output":[],
        "batch_input":[],"batch_output":[],"optimization":{"priority":"PRIORITY_DEFAULT",
        "input_pinned_memory":{"enable":true},"gather_kernel_buffer_threshold":0,
        "eager_batching":false},"dynamic_batching":{"preferred_batch_size":[8],
        "max_queue_delay_microseconds":0,"preserve_ordering":false,"priority_levels":0,
        "default_priority_level":0,"priority_queue_policy":{"2":{"timeout_action":"REJECT",
        "default_timeout_microseconds":0,"allow_timeout_override":false,"max_queue_size":0}}},
        "instance_group":[],"default_model_filename":"","cc_model_filenames":{},"metric_tags":{},
        "parameters":{"k":{"string_value":"v"}},"model_warmup":[]}
        """#.split(separator: "\n").joined())
  }

  @Test("What is printed is read back")
  func roundTrip() throws {
    let config = try ConfigReader.read(
      text: #"""
        name: "m"
        backend: "onnxruntime"
        version_policy { specific { versions: [ 1, 9223372036854775807 ] } }
        input { name: "a" data_type: TYPE_STRING dims: [ -1 ] reshape { } }
        batch_input { kind: BATCH_ITEM_SHAPE target_name: "t" data_type: TYPE_INT32 source_input: "a" }
        sequence_batching {
          direct { minimum_slot_utilization: 0.3 }
          control_input { name: "S" control { fp32_false_true: [ 0, 0.1 ] } }
          state { input_name: "i" initial_state { zero_data: true name: "n" } }
        }
        model_warmup { name: "w" inputs { key: "a" value { random_data: false dims: 3 } } }
        optimization { cuda { graph_spec { input { key: "a" value { dim: [ 1, 2 ] } } } } }
        model_metrics { metric_control { histogram_options { buckets: [ 0.1, 1e300, nan, -inf ] } } }
        parameters { key: "ä\u0001" value { string_value: "\"\\\t" } }
        """#, file: "f")
    let text = ModelConfigJSON.text(of: config)
    let again = try ModelConfigJSON.read(text)
    #expect(ModelConfigJSON.text(of: again) == text)
    #expect(again.input == config.input)
    #expect(again.sequenceBatching == config.sequenceBatching)
    #expect(again.modelWarmup == config.modelWarmup)
    #expect(again.parameters == config.parameters)
    #expect(again.optimization == config.optimization)
  }

  @Test("Clients write numbers as texts, names in camel case, enumerations in any case")
  func notations() throws {
    let config = try ModelConfigJSON.read(
      #"""
      { "name": "m\u0041\ud83d\ude00", "maxBatchSize": "4", "max_batch_size": null,
        "input": [ {"name": "a", "dims": ["-1", 2, 3.0, 1e2], "data_type": 11,
        "allow_ragged_batch": true}, {"data_type": "type_fp16"} ], "parameters": null,
        "dynamic_batching": {"priority_queue_policy": {"1": {"max_queue_size": 3}}} }
      """#)
    #expect(config.name == "mA😀")
    #expect(config.maxBatchSize == 4)
    #expect(config.input[0].dims == [-1, 2, 3, 100])
    #expect(config.input[0].dataType == .typeFp32)
    #expect(config.input[0].allowRaggedBatch)
    #expect(config.input[1].dataType == .typeFp16)
    #expect(config.dynamicBatching.priorityQueuePolicy[1]?.maxQueueSize == 3)
  }

  @Test(
    "What is wrong is told with its field",
    arguments: [
      (
        #"{"max_batch_sze": 1}"#,
        "line 1, column 2: max_batch_sze: ModelConfig has no field 'max_batch_sze' (did you mean "
          + "'max_batch_size'?)"
      ),
      (
        "{\"input\": [{}, {\"dims\": [1,\n \"x\"]}]}",
        "line 2, column 2: input[1].dims[1]: expected a whole number, found the text \"x\""
      ),
      (
        #"{"max_batch_size": 3000000000}"#,
        "line 1, column 20: max_batch_size: 3000000000 is out of range, which is -2147483648 to "
          + "2147483647"
      ),
      (#"{"name": 3}"#, "line 1, column 10: name: expected a text in quotes, found the number 3"),
      (#"{"name": "a", "name": "b"}"#, "line 1, column 15: name: is given twice"),
      (#"{"name": "a""#, "line 1, column 13: expected ',', found the end"),
      (#"{"name": "a"} x"#, "line 1, column 15: invalid JSON: unexpected 'x'"),
      ("", "line 1, column 1: expected '{', found the end"),
      (#"{"name": "a",}"#, "line 1, column 14: expected a field's name in quotes, found '}'"),
      (#"{"max_batch_size": 01}"#, "line 1, column 21: expected ',', found the number 1"),
      (#"{"name": "\ud800"}"#, #"line 1, column 10: invalid JSON: a \u escape names no character"#),
    ])
  func errors(text: String, message: String) {
    do {
      _ = try ModelConfigJSON.read(text)
      Issue.record("no error for \(text)")
    } catch { #expect("\(error)" == message) }
  }
}
