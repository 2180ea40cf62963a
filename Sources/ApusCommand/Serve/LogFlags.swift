#if Server
internal import Apus
internal import ApusServing
internal import ArgumentParser

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
#endif
