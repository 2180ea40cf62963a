import ApusModelConfig
import ApusServingSchema
import Testing

@Suite("Completion of configurations")
struct ConfigCompletionTests {
  static let batched = ModelSignature(
    inputs: [
      TensorSignature("image", .fp32, dims: [-1, 3, -1, 224]),
      TensorSignature("length", .int64, dims: [-1]),
    ],
    outputs: [TensorSignature("class", .fp32, dims: [-1, 1000])])

  static let fixed = ModelSignature(
    inputs: [TensorSignature("x", .fp16, dims: [1, 16])],
    outputs: [TensorSignature("sum", .bytes, dims: [])])

  private func completed(
    _ text: String = "", name: String = "m", hint: ModelBackend? = nil,
    signature: ModelSignature? = nil, files: [String] = ["model.onnx"], batch: Int = 4
  ) throws -> Inference_ModelConfig {
    var config = try ConfigReader.read(text: text, file: "config.pbtxt")
    var options = CompletionOptions()
    options.files = files
    options.defaultMaximumBatchSize = batch
    try ConfigCompletion.complete(
      &config, name: name, backendHint: hint, signature: signature, options: options)
    let once = config
    try ConfigCompletion.complete(
      &config, name: name, backendHint: hint, signature: signature, options: options)
    #expect(config == once, "completing again changes nothing")
    return config
  }

  @Test("Without a configuration all comes from the directory and the model")
  func nothingGiven() throws {
    let config = try completed(signature: Self.batched)
    #expect(config.name == "m")
    #expect(config.backend == "onnxruntime")
    #expect(config.platform == "onnxruntime_onnx")
    #expect(config.defaultModelFilename == "model.onnx")
    #expect(config.maxBatchSize == 4)
    #expect(config.schedulingChoice == .dynamicBatching(Inference_ModelDynamicBatching()))
    #expect(config.input.map(\.name) == ["image", "length"])
    #expect(config.input.map(\.dims) == [[3, -1, 224], [1]])
    #expect(config.input[1].hasReshape && config.input[1].reshape.shape.isEmpty)
    #expect(config.input.map(\.dataType) == [.typeFp32, .typeInt64])
    #expect(config.output.map(\.dims) == [[1000]])
    try ConfigValidation.validate(config, signature: Self.batched)
  }

  @Test("A model whose first dimension is fixed is not batched; single values have one dimension")
  func notBatched() throws {
    let config = try completed(signature: Self.fixed)
    #expect(config.maxBatchSize == 0)
    #expect(config.schedulingChoice == nil)
    #expect(config.input[0].dims == [1, 16])
    #expect(config.output[0].dims == [1])
    #expect(!config.output[0].hasReshape)
    #expect(config.output[0].dataType == .typeString)
    try ConfigValidation.validate(config, signature: Self.fixed)
  }

  @Test("Batching of a model that cannot is refused, with both sides named")
  func cannotBatch() {
    #expect(throws: ConfigError.self) {
      try completed("max_batch_size: 8", signature: Self.fixed)
    }
    do { _ = try completed("max_batch_size: 8", signature: Self.fixed) } catch {
      #expect("\(error)".contains("max_batch_size: is 8"))
      #expect("\(error)".contains("'x' is not variable, its shape is [1,16]"))
    }
  }

  @Test("What the configuration says stays")
  func given() throws {
    let config = try completed(
      """
      max_batch_size: 16
      sequence_batching { }
      input { name: "image" dims: [ 3, 10, 224 ] }
      input { name: "length" data_type: TYPE_INT64 dims: [ 1 ] reshape { } }
      """, signature: Self.batched, batch: 7)
    #expect(config.maxBatchSize == 16)
    #expect(config.sequenceBatching == Inference_ModelSequenceBatching())
    #expect(config.input[0].dims == [3, 10, 224])
    #expect(config.input[0].dataType == .typeFp32)
    #expect(config.output.count == 1)
  }

  @Test("A configuration that gives all inputs and outputs means its batch size of 0")
  func wholeConfiguration() throws {
    let config = try completed(
      """
      input { name: "image" data_type: TYPE_FP32 dims: [ -1, 3, -1, 224 ] }
      input { name: "length" data_type: TYPE_INT64 dims: [ -1 ] }
      output { name: "class" data_type: TYPE_FP32 dims: [ -1, 1000 ] }
      """, signature: Self.batched)
    #expect(config.maxBatchSize == 0)
    #expect(config.schedulingChoice == nil)
    try ConfigValidation.validate(config, signature: Self.batched)
  }

  @Test("Inputs that the server supplies are not asked of requests")
  func suppliedInputs() throws {
    let signature = ModelSignature(
      inputs: [
        TensorSignature("x", .int32, dims: [-1, 1]),
        TensorSignature("start", .fp32, dims: [-1, 1]),
        TensorSignature("state_in", .int32, dims: [-1, 1]),
      ],
      outputs: [
        TensorSignature("y", .int32, dims: [-1, 1]),
        TensorSignature("state_out", .int32, dims: [-1, 1]),
      ])
    let config = try completed(
      """
      max_batch_size: 4
      sequence_batching {
        control_input { name: "start" control { fp32_false_true: [ 0, 1 ] } }
        state { input_name: "state_in" output_name: "state_out" data_type: TYPE_INT32 dims: 1 }
      }
      """, signature: signature)
    #expect(config.input.map(\.name) == ["x"])
    #expect(config.output.map(\.name) == ["y"])
    try ConfigValidation.validate(config, signature: signature)
  }

  @Test(
    "Backend and file come from what is there",
    arguments: [
      ("", ["model.plan"], "tensorrt", "tensorrt_plan", "model.plan"),
      ("", ["model.engine", "x"], "tensorrt", "tensorrt_plan", "model.engine"),
      ("backend: 'apus'", ["model.engine"], "apus", "tensorrt_plan", "model.engine"),
      ("backend: 'apus'", ["model.onnx"], "apus", "onnxruntime_onnx", "model.onnx"),
      ("platform: 'onnxruntime_onnx'", [], "onnxruntime", "onnxruntime_onnx", "model.onnx"),
      ("platform: 'tensorrt_plan'", [], "tensorrt", "tensorrt_plan", "model.plan"),
      (
        "default_model_filename: 'a.onnx' backend: 'onnxruntime'", ["a.onnx"], "onnxruntime",
        "onnxruntime_onnx", "a.onnx"
      ),
      ("backend: 'identity'", [], "identity", "", ""),
      ("backend: 'repeat'", [], "repeat", "", ""),
      ("ensemble_scheduling {}", [], "", "ensemble", ""),
      ("backend: 'python'", ["model.py"], "python", "", ""),
    ])
  func backends(
    text: String, files: [String], backend: String, platform: String, file: String
  ) throws {
    let config = try completed(text, files: files)
    #expect(config.backend == backend)
    #expect(config.platform == platform)
    #expect(config.defaultModelFilename == file)
  }

  @Test("A directory may be called after its backend; the hint tells what files are")
  func hints() throws {
    let square = try completed(name: "model.square", files: [])
    #expect(square.backend == "square")
    let engine = try completed(hint: .engine, files: ["7.bin"])
    #expect(engine.backend == "tensorrt")
    #expect(throws: ConfigError.self) { try completed("name: 'other'") }
  }

  @Test("Elements and ranks that cannot be told are errors")
  func unknown() {
    let types = ModelSignature(
      inputs: [TensorSignature("x", nil, elementName: "f8e4m3fn", dims: [2])], outputs: [])
    #expect(throws: ConfigError.self) { try completed(signature: types) }
    let ranks = ModelSignature(inputs: [TensorSignature("x", .fp32, dims: nil)], outputs: [])
    #expect(throws: ConfigError.self) { try completed(signature: ranks) }
  }

  @Test("Backends: what is served, and what instead of the rest")
  func resolution() throws {
    for (text, files, backend) in [
      ("", ["model.plan"], ModelBackend.engine), ("backend: 'apus'", ["model.engine"], .engine),
      ("backend: 'apus'", ["model.onnx"], .onnx), ("backend: 'identity'", [], .identity),
    ] {
      let found = try ModelBackend(completed(text, files: files))
      #expect(found == backend)
    }
    for (text, message) in [
      ("backend: 'python'", "export the model to ONNX"),
      ("backend: 'onnxruntim'", "did you mean 'onnxruntime'?"),
      ("platform: 'onnxruntime_onx'", "did you mean 'onnxruntime_onnx'?"),
      ("backend: 'onnxruntime' platform: 'tensorrt_plan'", "its platform is 'onnxruntime_onnx'"),
      ("backend: 'identity' platform: 'x'", "leave it out"),
    ] {
      let config = try completed(text, files: [])
      do {
        _ = try ModelBackend(config)
        Issue.record("no error for \(text)")
      } catch { #expect("\(error)".contains(message)) }
    }
    #expect(throws: ConfigError.self) { try ModelBackend(completed(files: [])) }
  }
}

@Suite("Defaults of configurations")
struct ConfigDefaultsTests {
  private func normalized(
    _ text: String, gpuCount: Int = 0
  ) throws -> (config: Inference_ModelConfig, notes: [ConfigNote]) {
    var config = try ConfigReader.read(text: text, file: "f")
    let notes = ConfigDefaults.normalize(&config, gpuCount: gpuCount)
    let once = config
    ConfigDefaults.normalize(&config, gpuCount: gpuCount)
    #expect(config == once)
    return (config, notes)
  }

  @Test("Versions, instances, memory")
  func general() throws {
    let (config, notes) = try normalized("name: 'm' platform: 'onnxruntime_onnx'")
    #expect(config.versionPolicy.latest.numVersions == 1)
    #expect(config.instanceGroup.count == 1)
    #expect(config.instanceGroup[0].name == "m_0" || config.instanceGroup[0].name == "m")
    #expect(config.instanceGroup[0].kind == .cpu)
    #expect(config.instanceGroup[0].count == 2)
    #expect(config.optimization.inputPinnedMemory.enable)
    #expect(config.optimization.outputPinnedMemory.enable)
    #expect(notes.isEmpty)
  }

  @Test("Batchers")
  func batchers() throws {
    let dynamic = try normalized("max_batch_size: 8 dynamic_batching {}").config
    #expect(dynamic.dynamicBatching.preferredBatchSize == [8])
    let oldest = try normalized("max_batch_size: 8 sequence_batching { oldest {} }").config
    #expect(oldest.sequenceBatching.oldest.preferredBatchSize == [8])
    #expect(oldest.sequenceBatching.maxSequenceIdleMicroseconds == 1_000_000)
    let ensemble = try normalized(
      "platform: 'ensemble' ensemble_scheduling { step { model_name: 'a' } }"
    ).config
    #expect(ensemble.ensembleScheduling.step[0].modelVersion == -1)
    #expect(ensemble.instanceGroup.isEmpty && !ensemble.hasOptimization)
  }

  @Test("Kinds of instances follow the machine")
  func instances() throws {
    let text = """
      name: "m" platform: "onnxruntime_onnx"
      instance_group [ { count: 3 }, { kind: KIND_GPU gpus: [ 0 ] }, { name: "own" kind: KIND_CPU },
        { kind: KIND_AUTO gpus: [ 0, 5 ] } ]
      """
    let without = try normalized(text)
    #expect(without.config.instanceGroup.map(\.name) == ["m_0", "m_1", "own", "m_3"])
    #expect(without.config.instanceGroup.map(\.kind) == [.cpu, .cpu, .cpu, .cpu])
    #expect(without.config.instanceGroup.map(\.count) == [3, 2, 2, 2])
    #expect(without.config.instanceGroup.map(\.gpus) == [[], [], [], []])
    #expect(without.notes == [.instancesOnCPU(group: "m_1")])
    let with = try normalized(text, gpuCount: 2)
    #expect(with.config.instanceGroup.map(\.kind) == [.gpu, .gpu, .cpu, .cpu])
    #expect(with.config.instanceGroup.map(\.gpus) == [[0, 1], [0], [], []])
    #expect(with.config.instanceGroup.map(\.count) == [3, 1, 2, 2])
    #expect(with.notes.isEmpty)
  }

  @Test("What tunes another runtime is said to have no effect")
  func hints() throws {
    let notes = try normalized(
      """
      optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } }
        cuda { graphs: true } }
      runtime: "libtriton_x.so" cc_model_filenames { key: "7.5" value: "a" }
      """
    ).notes
    #expect(notes.count == 4)
    #expect("\(notes[0])".contains("execution_accelerators has no effect"))
  }
}
