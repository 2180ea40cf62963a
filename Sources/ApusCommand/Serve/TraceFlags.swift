#if Server
internal import Apus
internal import ApusServing
internal import ArgumentParser

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
