import ApusModelConfig
import ApusServingSchema
import ApusTensor
import Testing

@Suite("config.pbtxt")
struct ConfigReaderTests {
  static let densenet = """
    name: "densenet_onnx"
    platform: "onnxruntime_onnx"
    max_batch_size : 0
    input [
      {
        name: "data_0"
        data_type: TYPE_FP32
        format: FORMAT_NCHW
        dims: [ 3, 224, 224 ]
        reshape { shape: [ 1, 3, 224, 224 ] }
      }
    ]
    output [
      {
        name: "fc6_1"
        data_type: TYPE_FP32
        dims: [ 1000 ]
        reshape { shape: [ 1, 1000, 1, 1 ] }
        label_filename: "densenet_labels.txt"
      }
    ]
    """

  @Test("A configuration of the quick start is read")
  func densenetIsRead() throws {
    let config = try ConfigReader.read(text: Self.densenet, file: "config.pbtxt")
    #expect(config.name == "densenet_onnx")
    #expect(config.platform == "onnxruntime_onnx")
    #expect(config.input.count == 1)
    #expect(config.input[0].dims == [3, 224, 224])
    #expect(config.input[0].format == .nchw)
    #expect(config.input[0].reshape.shape == [1, 3, 224, 224])
    #expect(config.output[0].labelFilename == "densenet_labels.txt")
    #expect(config.output[0].dataType == .typeFp32)
  }

  @Test("All ways to write a field are read alike")
  func notations() throws {
    let texts = [
      "input { name: 'x' dims: 1 dims: -1 } dynamic_batching { }",
      "input: { name: \"x\"; dims: [1,-1] }, dynamic_batching: {}",
      "# first\ninput <name: \"\\x78\" # second\n dims: [ 0x1 , - 1 ]> dynamic_batching<>",
      "input: [ { name: '' 'x'\n\"\", dims: [ 01, -0x1 ], } ] dynamic_batching{}",
    ]
    let first = try ConfigReader.read(text: texts[0], file: "f")
    #expect(first.input[0].dims == [1, -1])
    for text in texts {
      let config = try ConfigReader.read(text: text, file: "f")
      #expect(config == first)
    }
  }

  @Test("Maps, choices, floats, booleans and 64-bit numbers")
  func values() throws {
    let config = try ConfigReader.read(
      text: #"""
        parameters { key: "a" value { string_value: "1" } }
        parameters: { key: "b", value: { string_value: "two \"words\"\n\101\303\244" } }
        sequence_batching {
          max_sequence_idle_microseconds: 18446744073709551615
          oldest { max_candidate_sequences: 4 preserve_ordering: t }
          control_input [
            { name: "S" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1.5e-1f ] } ] },
            { name: "E" control [ { kind: 2 bool_false_true: [ false, True ] } ] }
          ]
          state [ { initial_state: { dims: -9223372036854775808 zero_data: true } } ]
        }
        model_metrics { metric_control { histogram_options { buckets: [ .5, 1., inf, -infinity ] } } }
        """#, file: "f")
    #expect(config.parameters["a"]?.stringValue == "1")
    #expect(config.parameters["b"]?.stringValue == "two \"words\"\nAä")
    #expect(config.sequenceBatching.maxSequenceIdleMicroseconds == .max)
    #expect(config.sequenceBatching.oldest.preserveOrdering)
    #expect(config.sequenceBatching.controlInput[0].control[0].fp32FalseTrue == [0, 0.15])
    #expect(config.sequenceBatching.controlInput[1].control[0].kind == .controlSequenceEnd)
    #expect(config.sequenceBatching.controlInput[1].control[0].boolFalseTrue == [false, true])
    #expect(config.sequenceBatching.state[0].initialState[0].dims == [.min])
    #expect(
      config.modelMetrics.metricControl[0].histogramOptions.buckets
        == [0.5, 1, .infinity, -.infinity])
  }

  @Test(
    "What is wrong is told with its line, its field and what was likely meant",
    arguments: [
      (
        "name: \"m\"\nmax_batch_sise: 4",
        "f:2: max_batch_sise: ModelConfig has no field 'max_batch_sise' (did you mean "
          + "'max_batch_size'?)"
      ),
      (
        "input {\n  name: \"x\"\n  data_type: TYPE_FLOAT32\n}",
        "f:3: input[0].data_type: 'TYPE_FLOAT32' is none of its values (did you mean 'TYPE_FP32'?)"
      ),
      (
        "input { data_type: FP16 }",
        "f:1: input[0].data_type: 'FP16' is none of its values (did you mean 'TYPE_FP16'?)"
      ),
      (
        "input { }\ninput {\n dims: [ 1,\n \"2\" ] }",
        "f:4: input[1].dims[1]: expected a whole number, found the text \"2\" (leave the quotes out)"
      ),
      (
        "name: model",
        "f:1: name: expected a text in quotes, found 'model' (put it in quotes)"
      ),
      (
        "max_batch_size: 2147483648",
        "f:1: max_batch_size: 2147483648 is out of range, which is -2147483648 to 2147483647"
      ),
      (
        "version_policy { latest { num_versions: -1 } }",
        "f:1: version_policy.latest.num_versions: -1 is out of range, which is 0 to 4294967295"
      ),
      ("name: \"a\"\nname: \"b\"", "f:2: name: is given twice"),
      (
        "dynamic_batching {}\nsequence_batching {}",
        "f:2: sequence_batching: 'dynamic_batching' is given as well, and only one of the two can be"
      ),
      ("input {\n name: \"x\"\n", "f:3: input[0]: the '}' of what begins at f:1 is missing"),
      ("input { } }", "f:1: unexpected '}'"),
      ("input { name: \"x }", "f:1: a text in quotes does not end"),
      ("name \"m\"", "f:1: name: ':' is missing after the field's name, found the text \"m\""),
      ("[com.example.extension] { }", "f:1: extensions are not supported"),
      ("max_batch_size: 1.5", "f:1: max_batch_size: expected a whole number, found the number 1.5"),
      (
        "model_transaction_policy { decoupled: yes }",
        "f:1: model_transaction_policy.decoupled: expected true or false, found 'yes'"
      ),
      ("input: [ { } { } ]", "f:1: input: a list goes on with ',' or ends with ']', found '{'"),
      ("max_batch_size: [ 1 ]", "f:1: max_batch_size: expected a whole number, found '['"),
      ("name: \"\\377\"", "f:1: name: the text is not UTF-8"),
      ("name: \"a\" ?", "f:1: unexpected character '?'"),
    ])
  func errors(text: String, message: String) {
    #expect(throws: ConfigError.self) { try ConfigReader.read(text: text, file: "f") }
    do { _ = try ConfigReader.read(text: text, file: "f") } catch {
      #expect("\(error)" == message)
    }
  }

  @Test("Texts that are cut, changed or mixed up never trap")
  func mutations() {
    let bytes = Array(Self.densenet.utf8)
    var generator = SplitMix(seed: 7)
    var read = 0
    for round in 0..<4000 {
      var mutated = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        guard !mutated.isEmpty else { break }
        let position = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: mutated[position] = UInt8.random(in: 0...255, using: &generator)
        case 1: mutated.remove(at: position)
        case 2:
          let text = "{[<\"'\\-:09xe.".utf8.shuffled(using: &generator)
          mutated.insert(contentsOf: text, at: position)
        default: mutated.removeSubrange(position...)
        }
      }
      let text = String(decoding: mutated, as: UTF8.self)
      if let config = try? ConfigReader.read(text: text, file: "\(round)") {
        read += 1
        // What can be read can be shown and read again.
        let again = try? ModelConfigJSON.read(ModelConfigJSON.text(of: config))
        #expect(again == config)
      }
      _ = try? ModelConfigJSON.read(text)
    }
    #expect(read > 0)
  }

  @Test("Nesting has a bound")
  func depth() {
    let deep = String(repeating: "input { reshape { ", count: 100_000)
    #expect(throws: ConfigError.self) { try ConfigReader.read(text: deep, file: "f") }
    let lists = "input: " + String(repeating: "[", count: 100_000)
    #expect(throws: ConfigError.self) { try ConfigReader.read(text: lists, file: "f") }
    let objects = String(repeating: "{\"parameters\":", count: 100_000)
    #expect(throws: ConfigError.self) { try ModelConfigJSON.read(objects) }
  }
}
