#if Server
internal import Apus

/// Names of headers that are handed on, by a regular expression over the whole name, case ignored.
enum HeaderPattern {
  /// `flag` is where the pattern comes from.
  static func matcher(
    _ pattern: String, flag: String
  ) throws(ApusError) -> (@Sendable (String) -> Bool)? {
    guard !pattern.isEmpty else { return nil }
    guard let expression = try? Regex(pattern).ignoresCase() else {
      throw ApusError(
        .invalidInput, "the pattern of forwarded headers '\(pattern)' is no regular expression",
        location: flag, hint: "a pattern for all names that begin with x- is x-.*")
    }
    // A compiled expression is a value that nobody changes.
    nonisolated(unsafe) let compiled = expression
    return { name in unsafe name.wholeMatch(of: compiled) != nil }
  }
}
#endif
