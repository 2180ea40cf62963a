#if Server
internal import Apus
internal import ApusServing
internal import ArgumentParser

/// A flag that takes `true` or `false`, as Triton's do.
struct Switch: ExpressibleByArgument {
  let isOn: Bool

  init(_ isOn: Bool) { self.isOn = isOn }

  init?(argument: String) {
    switch argument.lowercased() {
    case "true", "1", "on", "yes": isOn = true
    case "false", "0", "off", "no": isOn = false
    default: return nil
    }
  }

  var defaultValueDescription: String { isOn ? "true" : "false" }
  static let allValueStrings = ["true", "false"]
}

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

/// What requests may use.
struct ServiceFlags: ParsableArguments {
  @Option(help: "The server's name for clients.") var id = "apus"
  @Option(help: "Lets clients name shared memory of this machine.") var allowClientShm = Switch(
    false)
  @Option(
    help: "local,size=BYTES: answers of models that ask for it are kept and given again.")
  var cacheConfig: [String] = []
  @Option(help: "execution_count: instances wait for the resources that they name; or off.")
  var rateLimit = "off"
  @Option(help: "NAME:COUNT or NAME:COUNT:DEVICE: how much of a resource there is.")
  var rateLimitResource: [String] = []
  @Option(help: "Threads that models compute on; 0 takes every processor.") var threads = 0
  @Option(help: "Seconds that requests in flight get after the signal to exit.")
  var exitTimeoutSecs = 30
  @Option(
    help: """
      Seconds between saying 'not ready' and closing the ports when SIGTERM comes, so that nobody \
      is sent here any more.
      """)
  var drainDelaySecs = 5

  func fill(_ options: inout ServerOptions) throws(ApusError) {
    options.identifier = id
    options.allowsSharedMemory = allowClientShm.isOn
    try RepositoryFlags.check(threads, "threads", 0...4096)
    try RepositoryFlags.check(exitTimeoutSecs, "exit-timeout-secs", 0...86_400)
    try RepositoryFlags.check(drainDelaySecs, "drain-delay-secs", 0...86_400)
    for text in cacheConfig { options.cacheByteCount = try Self.cacheSize(text) }
    switch rateLimit {
    case "off": break
    case "execution_count": options.limitsRate = true
    default:
      throw ApusError(
        .invalidInput, "--rate-limit is execution_count or off, found '\(rateLimit)'")
    }
    for text in rateLimitResource {
      let parts = text.split(separator: ":").map(String.init)
      guard parts.count == 2 || parts.count == 3, let count = Int(parts[1]), count >= 0 else {
        throw ApusError(
          .invalidInput, "--rate-limit-resource has the form NAME:COUNT, found '\(text)'")
      }
      options.resources[parts[0]] = count
    }
  }

  private static func cacheSize(_ text: String) throws(ApusError) -> Int {
    let parts = text.split(separator: ",", maxSplits: 1).map(String.init)
    let pair = (parts.last ?? "").split(separator: "=").map(String.init)
    guard parts.count == 2, parts[0] == "local", pair.count == 2, pair[0] == "size" else {
      throw ApusError(
        .invalidInput, "--cache-config has the form local,size=BYTES, found '\(text)'")
    }
    return try ByteSize.parse(pair[1], "--cache-config")
  }
}

/// What is logged.
struct LogFlags: ParsableArguments {
  @Option(help: "Writes a line for each request from 1 on; 0 writes none.") var logVerbose = 0
  @Option(help: "Writes lines about what happens.") var logInfo = Switch(true)
  @Option(help: "Writes warnings.") var logWarning = Switch(true)
  @Option(help: "Writes errors.") var logError = Switch(true)
  @Option(help: "default, ISO8601 or json.") var logFormat = "default"
  @Option(help: "A file for the log instead of the standard error.") var logFile = ""

  func settings() throws(ApusError) -> LogSettings {
    var settings = LogSettings()
    guard let format = LogSettings.Format(rawValue: logFormat) else {
      throw ApusError(
        .invalidInput, "--log-format is default, ISO8601 or json, found '\(logFormat)'")
    }
    try RepositoryFlags.check(logVerbose, "log-verbose", 0...9)
    settings.format = format
    settings.verboseLevel = logVerbose
    settings.info = logInfo.isOn
    settings.warning = logWarning.isOn
    settings.error = logError.isOn
    settings.file = logFile
    return settings
  }
}

/// Which requests are traced.
struct TraceFlags: ParsableArguments {
  @Option(
    help: """
      SETTING=VALUE or MODE,SETTING=VALUE, several times: level=TIMESTAMPS, rate=N, count=N, \
      mode=triton|opentelemetry; triton,file=PATH; triton,log-frequency=N; opentelemetry,url=URL; \
      opentelemetry,resource=KEY=VALUE; opentelemetry,bsp_max_queue_size=N, bsp_schedule_delay=MS, \
      bsp_max_export_batch_size=N.
      """)
  var traceConfig: [String] = []

  func settings() throws(ApusError) -> TraceSettings {
    var settings = TraceSettings()
    for text in traceConfig {
      guard let equals = text.firstIndex(of: "=") else { throw Self.malformed(text) }
      let name = String(text[..<equals])
      let value = String(text[text.index(after: equals)...])
      switch name {
      case "level":
        guard let level = TraceSettings.Level(rawValue: value) else { throw Self.malformed(text) }
        if level == .off { settings.levels = [] } else { settings.levels.insert(level) }
      case "rate": settings.rate = try Self.number(value, text, atLeast: 0)
      case "count": settings.count = try Self.number(value, text, atLeast: -1)
      case "mode":
        guard let mode = TraceSettings.Mode(rawValue: value) else { throw Self.malformed(text) }
        settings.mode = mode
      case "triton,file": settings.file = value
      case "triton,log-frequency": settings.logFrequency = try Self.number(value, text, atLeast: 0)
      case "opentelemetry,url": settings.url = value
      case "opentelemetry,resource":
        let pair = value.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { throw Self.malformed(text) }
        settings.resource[pair[0]] = pair[1]
      case "opentelemetry,bsp_max_queue_size":
        settings.queueLimit = try Self.number(value, text, atLeast: 1)
      case "opentelemetry,bsp_schedule_delay":
        settings.exportDelay = try Self.number(value, text, atLeast: 1)
      case "opentelemetry,bsp_max_export_batch_size":
        settings.exportBatch = try Self.number(value, text, atLeast: 1)
      default: throw Self.malformed(text)
      }
    }
    if settings.isOn, settings.mode == .triton, settings.file.isEmpty {
      throw ApusError(
        .invalidInput, "traces need a file", hint: "--trace-config=triton,file=trace.json")
    }
    return settings
  }

  private static func number(
    _ value: String, _ text: String, atLeast minimum: Int
  ) throws(ApusError) -> Int {
    guard let number = Int(value), number >= minimum else { throw malformed(text) }
    return number
  }

  private static func malformed(_ text: String) -> ApusError {
    ApusError(
      .invalidInput, "--trace-config '\(text)' is not known",
      hint: "apus serve --help lists its settings")
  }
}
#endif
