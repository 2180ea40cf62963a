#if Server
internal import Apus
internal import ApusServing
internal import ArgumentParser

/// Where models come from.
struct RepositoryFlags: ParsableArguments {
  @Option(
    help: "A directory of models; may be given several times. A bare model.onnx in it will do.")
  var modelRepository: [String] = []
  @Option(help: "The same under its older name.") var modelStore: [String] = []
  @Option(
    help: """
      none: all models at the start; poll: and what changes later; explicit: those of --load-model \
      and what clients load.
      """)
  var modelControlMode = "none"
  @Option(help: "A model to load at the start under explicit control; * is all.")
  var loadModel: [String] = []
  @Option(help: "Seconds between two looks at the repositories.") var repositoryPollSecs = 15
  @Option(help: "Models loaded side by side.") var modelLoadThreadCount = 4
  @Option(help: "How often a failed load is tried again.") var modelLoadRetryCount = 0
  @Option(help: "Reads configs/NAME.pbtxt of models that have it.") var modelConfigName = ""
  @Flag(help: "Takes nothing from the model that its configuration leaves out.")
  var disableAutoCompleteConfig = false
  @Option(help: "The server is ready only when every model is.") var strictReadiness = Switch(true)
  @Option(help: "Exits when a model fails at the start.") var exitOnError = Switch(true)
  @Option(
    help: "BACKEND,SETTING=VALUE: onnxruntime,default-max-batch-size=N; may be given several times."
  )
  var backendConfig: [String] = []
  @Option(help: "Serves a model under a name of its repository's; only false is possible.")
  var modelNamespacing = Switch(false)

  func options() throws(ApusError) -> RepositoryOptions {
    let paths = modelRepository + modelStore
    guard !paths.isEmpty else {
      throw ApusError(
        .invalidInput, "no model repository is given",
        hint: "apus serve --model-repository=DIR, where DIR/MODEL/1/model.onnx is a model")
    }
    guard !modelNamespacing.isOn else {
      throw ApusError(
        .unsupported, "--model-namespacing=true is not supported",
        hint: "give models of one name different names")
    }
    var options = RepositoryOptions(paths: paths)
    guard let control = RepositoryOptions.Control(rawValue: modelControlMode) else {
      throw ApusError(
        .invalidInput, "--model-control-mode is none, poll or explicit, found '\(modelControlMode)'"
      )
    }
    options.control = control
    if !loadModel.isEmpty, control != .explicit {
      throw ApusError(
        .invalidInput, "--load-model needs --model-control-mode=explicit")
    }
    try Self.check(repositoryPollSecs, "repository-poll-secs", 1...86_400)
    try Self.check(modelLoadThreadCount, "model-load-thread-count", 1...256)
    try Self.check(modelLoadRetryCount, "model-load-retry-count", 0...1000)
    options.startupModels = loadModel
    options.pollSeconds = repositoryPollSecs
    options.loadThreads = modelLoadThreadCount
    options.loadRetries = modelLoadRetryCount
    options.configName = modelConfigName
    options.completesConfig = !disableAutoCompleteConfig
    options.isStrict = strictReadiness.isOn
    for setting in backendConfig { try read(setting, &options) }
    return options
  }

  private func read(_ setting: String, _ options: inout RepositoryOptions) throws(ApusError) {
    let parts = setting.split(separator: ",", maxSplits: 1).map(String.init)
    let pair = (parts.last ?? "").split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, pair.count == 2 else {
      throw ApusError(
        .invalidInput, "--backend-config has the form BACKEND,SETTING=VALUE, found '\(setting)'")
    }
    guard pair[0] == "default-max-batch-size" else {
      throw ApusError(
        .unsupported, "--backend-config setting '\(pair[0])' is not known",
        hint: "default-max-batch-size is")
    }
    guard let size = Int(pair[1]), (0...1 << 20).contains(size) else {
      throw ApusError(.invalidInput, "default-max-batch-size is a number, found '\(pair[1])'")
    }
    options.defaultMaximumBatchSize = size
  }

  static func check(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(ApusError) {
    guard range.contains(value) else {
      throw ApusError(
        .invalidInput,
        "--\(name) is from \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
  }
}
#endif
