#if Server
internal import Apus
internal import Foundation

/// A file of secrets, one a line; lines that are empty or begin with # are none.
enum TokenFile {
  static func read(_ path: String) throws(ApusError) -> [String] {
    guard let data = FileManager.default.contents(atPath: path), data.count <= 1 << 20,
      let text = String(data: data, encoding: .utf8)
    else { throw ApusError(.invalidInput, "the file of tokens cannot be read", location: path) }
    let lines = text.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard !lines.isEmpty else {
      throw ApusError(.invalidInput, "the file of tokens holds none", location: path)
    }
    return lines
  }
}

/// Names of headers that are handed on, by a regular expression over the whole name, case ignored.
enum HeaderPattern {
  static func matcher(_ pattern: String) throws(ApusError) -> (@Sendable (String) -> Bool)? {
    guard !pattern.isEmpty else { return nil }
    guard let expression = try? Regex(pattern).ignoresCase() else {
      throw ApusError(
        .invalidInput, "--http-header-forward-pattern '\(pattern)' is no regular expression")
    }
    // A compiled expression is a value that nobody changes.
    nonisolated(unsafe) let compiled = expression
    return { name in unsafe name.wholeMatch(of: compiled) != nil }
  }
}
#endif
