internal import Foundation

/// Lines in trtexec's form. Information goes to standard output, warnings to standard error.
struct Log: Sendable {
  var isVerbose = false
  /// Keeps standard output free for other text, such as JSON.
  var isQuiet = false

  func info(_ text: String) { if !isQuiet { print(Self.line("I", text)) } }
  func verbose(_ text: String) { if isVerbose, !isQuiet { print(Self.line("V", text)) } }
  func warning(_ text: String) {
    Terminal.error(isQuiet ? "note: \(text)" : Self.line("W", text))
  }

  func write(_ entry: LogEntry) {
    switch entry {
    case .info(let text): info(text)
    case .verbose(let text): verbose(text)
    case .warning(let text): warning(text)
    }
  }

  private static func line(_ level: String, _ text: String) -> String {
    let parts = Calendar(identifier: .gregorian)
      .dateComponents([.year, .month, .day, .hour, .minute, .second], from: Date())
    func two(_ value: Int?) -> String { Terminal.padded(value ?? 0, 2) }
    let date = "\(two(parts.month))/\(two(parts.day))/\(Terminal.padded(parts.year ?? 0, 4))"
    let time = "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
    return "[\(date)-\(time)] [\(level)] \(text)"
  }
}

/// A line of a report with its level.
package enum LogEntry: Sendable, Hashable {
  case info(String)
  case verbose(String)
  case warning(String)
}
