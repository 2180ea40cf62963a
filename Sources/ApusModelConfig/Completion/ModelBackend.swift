internal import ApusTensor
package import ApusServingSchema

/// What a model runs by.
package enum ModelBackend: Hashable, Sendable, CaseIterable {
  /// An ONNX file, or a directory that holds one.
  case onnx
  /// An engine: one of Apus, or a plan.
  case engine
  /// Other models of the repository.
  case ensemble
  /// Samples of the protocol's own documentation, without a file: outputs are the inputs.
  case identity
  /// Sends its input as often as it says.
  case `repeat`
  /// Sends a number as often as it says.
  case square

  /// Names by which `backend` calls it, the usual one first.
  package var names: [String] {
    switch self {
    case .onnx: ["onnxruntime", "apus"]
    case .engine: ["tensorrt", "apus"]
    case .ensemble: []
    case .identity: ["identity"]
    case .repeat: ["repeat"]
    case .square: ["square"]
    }
  }

  /// The name by which `platform` calls it; empty where it has none.
  package var platform: String {
    switch self {
    case .onnx: "onnxruntime_onnx"
    case .engine: "tensorrt_plan"
    case .ensemble: "ensemble"
    case .identity, .repeat, .square: ""
    }
  }

  /// Names of its file in the directory of a version, the usual one first; none for what has no file.
  package var filenames: [String] {
    switch self {
    case .onnx: ["model.onnx"]
    case .engine: ["model.plan", "model.engine"]
    case .ensemble, .identity, .repeat, .square: []
    }
  }

  /// The backend of the file that a version's directory holds; nil where it holds none that is known.
  package static func detect(in files: some Sequence<String>) -> (
    backend: ModelBackend, file: String
  )? {
    let files = Set(files)
    // An engine beside a model is the model built: it is what should run.
    for backend in [ModelBackend.engine, .onnx] {
      for name in backend.filenames where files.contains(name) { return (backend, name) }
    }
    return nil
  }

  /// What a completed configuration asks for. Throws for backends that are not served here.
  package init(_ config: Inference_ModelConfig) throws(ConfigError) {
    if config.platform == Self.ensemble.platform {
      guard config.backend.isEmpty else {
        throw ConfigError(
          "is '\(config.backend)', and an ensemble has none", field: "backend")
      }
      self = .ensemble
      return
    }
    if case .ensembleScheduling? = config.schedulingChoice {
      throw ConfigError(
        "is '\(config.platform)', and ensemble_scheduling is for platform 'ensemble' only",
        field: "platform")
    }
    let candidates = Self.allCases.filter { $0.names.contains(config.backend) }
    guard let first = candidates.first else { throw Self.unknown(config) }
    if candidates.count == 1 || config.platform.isEmpty {
      let byFile = candidates.first { $0.filenames.contains(config.defaultModelFilename) }
      let named = Self.byExtension(config.defaultModelFilename)
      self = byFile ?? named.flatMap { candidates.contains($0) ? $0 : nil } ?? first
    } else {
      guard let match = candidates.first(where: { $0.platform == config.platform }) else {
        throw Self.mismatch(config, first)
      }
      self = match
    }
    guard config.platform.isEmpty || config.platform == platform else {
      throw Self.mismatch(config, self)
    }
  }

  private static func byExtension(_ file: String) -> ModelBackend? {
    if file.hasSuffix(".onnx") { return .onnx }
    return file.hasSuffix(".plan") || file.hasSuffix(".engine") ? .engine : nil
  }

  private static func mismatch(_ config: Inference_ModelConfig, _ backend: Self) -> ConfigError {
    ConfigError(
      "is '\(config.platform)', which backend '\(config.backend)' does not run", field: "platform",
      hint: backend.platform.isEmpty ? "leave it out" : "its platform is '\(backend.platform)'")
  }

  /// Backends of other servers, whose models cannot run here.
  private static let foreign: Set = [
    "python", "pytorch", "torch_aoti", "openvino", "tensorflow", "dali", "fil", "vllm",
    "tensorrtllm", "fastertransformer", "armnn_tflite",
  ]

  private static func unknown(_ config: Inference_ModelConfig) -> ConfigError {
    let served = allCases.flatMap(\.names)
    if config.backend.isEmpty {
      if config.platform.isEmpty {
        return ConfigError(
          "the model has neither 'backend' nor 'platform', and no file that tells which",
          hint:
            "put a model.onnx, model.plan or model.engine into a version directory such as 1/")
      }
      let platforms = allCases.map(\.platform).filter { !$0.isEmpty }
      return ConfigError(
        "unexpected platform type '\(config.platform)' for \(config.name)", field: "platform",
        hint: Spelling.nearest(to: config.platform, among: platforms).first.map {
          "did you mean '\($0)'?"
        } ?? "platforms: " + platforms.joined(separator: ", "))
    }
    let isForeign = foreign.contains(config.backend)
    return ConfigError(
      "backend '\(config.backend)' is not served here", field: "backend",
      hint: isForeign
        ? "export the model to ONNX, which backend 'onnxruntime' runs"
        : Spelling.nearest(to: config.backend, among: served).first.map { "did you mean '\($0)'?" }
          ?? "backends: " + Set(served).sorted().joined(separator: ", "))
  }
}
