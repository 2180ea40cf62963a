#if Server
internal import Apus

/// Names of headers that are handed on, by a regular expression over the whole name, case ignored.
enum HeaderPattern {
  static func matcher(_ pattern: String) throws(ApusError) -> (@Sendable (String) -> Bool)? {
    guard !pattern.isEmpty else { return nil }
    guard let expression = try? Regex(pattern).ignoresCase() else {
      throw ApusError(
        .invalidInput, "the pattern of forwarded headers '\(pattern)' is no regular expression",
        hint: "--http-header-forward-pattern and --grpc-header-forward-pattern take one each")
    }
    // A compiled expression is a value that nobody changes.
    nonisolated(unsafe) let compiled = expression
    return { name in unsafe name.wholeMatch(of: compiled) != nil }
  }
}
#endif
