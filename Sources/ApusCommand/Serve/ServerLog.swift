#if Server
internal import ApusServing
internal import Foundation
internal import Logging
internal import Synchronization

/// The server's log: lines of swift-log in the form that the settings ask for, which may change while
/// it runs.
final class ServerLog: Sendable {
  private struct State {
    var settings: LogSettings
    var output: FileHandle
  }

  private let state: Mutex<State>

  /// Throws where the log's file cannot be written.
  init(_ settings: LogSettings) throws(ServingError) {
    let output = try Self.open(settings.file)
    state = Mutex(State(settings: settings, output: output))
  }

  private static func open(_ path: String) throws(ServingError) -> FileHandle {
    if path.isEmpty { return .standardError }
    let manager = FileManager.default
    if !manager.fileExists(atPath: path) { _ = manager.createFile(atPath: path, contents: nil) }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw ServingError(.invalidArgument, "the log's file cannot be written: \(path)")
    }
    _ = try? handle.seekToEnd()
    return handle
  }

  /// A logger for one part of the server.
  func logger(_ label: String) -> Logger { Logger(label: label) { LogHandler($0, self) } }

  /// Follows changed settings. A file that cannot be written leaves the log where it is.
  func apply(_ settings: LogSettings) {
    state.withLock { state in
      if settings.file != state.settings.file, let output = try? Self.open(settings.file) {
        state.output = output
      }
      state.settings = settings
    }
  }

  fileprivate func writes(_ level: Logger.Level) -> Bool {
    state.withLock { state in
      switch level {
      case .trace: state.settings.verboseLevel > 1
      case .debug: state.settings.verboseLevel > 0
      case .info, .notice: state.settings.info
      case .warning: state.settings.warning
      case .error, .critical: state.settings.error
      }
    }
  }

  fileprivate func write(
    _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata
  ) {
    guard writes(level) else { return }
    state.withLock { state in
      let line = Self.line(state.settings.format, level, label, message, metadata)
      try? state.output.write(contentsOf: Data(line.utf8))
    }
  }

  private static func line(
    _ format: LogSettings.Format, _ level: Logger.Level, _ label: String, _ message: String,
    _ metadata: Logger.Metadata
  ) -> String {
    let details = metadata.sorted { $0.key < $1.key }
    if format == .json {
      var members: [String: JSON] = [
        "time": .text(stamp), "level": .text(level.rawValue), "logger": .text(label),
        "message": .text(message),
      ]
      for (key, value) in details where members[key] == nil { members[key] = .text("\(value)") }
      return JSON.object(members).line + "\n"
    }
    let letter =
      switch level {
      case .trace, .debug: "V"
      case .info, .notice: "I"
      case .warning: "W"
      case .error, .critical: "E"
      }
    let extra = details.map { " \($0.key)=\(onOneLine("\($0.value)"))" }.joined()
    let time = format == .iso8601 ? "\(stamp) \(letter)" : "\(letter)\(glogStamp)"
    return "\(time) \(label)] \(message)\(extra)\n"
  }

  /// Without characters that would begin a line or change a terminal: ids of requests are the clients'.
  private static func onOneLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return text
    }
    return text.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control
        ? scalar.escaped(asASCII: true) : String(Character(scalar))
    }.joined()
  }

  private static var stamp: String {
    Date().formatted(.iso8601.time(includingFractionalSeconds: true))
  }

  /// Month, day and time of day, as Triton's default format has them.
  private static var glogStamp: String {
    let parts = Calendar(identifier: .gregorian).dateComponents(
      in: .gmt, from: Date())
    func two(_ value: Int?) -> String { Terminal.padded(value ?? 0, 2) }
    let micros = Terminal.padded((parts.nanosecond ?? 0) / 1000, 6)
    return "\(two(parts.month))\(two(parts.day)) \(two(parts.hour)):\(two(parts.minute)):"
      + "\(two(parts.second)).\(micros)"
  }
}

/// Hands lines of swift-log to the server's log.
private struct LogHandler: Logging.LogHandler {
  private let label: String
  private let log: ServerLog
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  init(_ label: String, _ log: ServerLog) {
    self.label = label
    self.log = log
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let more = event.metadata { all.merge(more) { _, new in new } }
    log.write(event.level, label, "\(event.message)", all)
  }
}
#endif
