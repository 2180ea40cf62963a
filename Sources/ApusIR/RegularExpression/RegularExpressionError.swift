/// Why a pattern is refused.
package enum RegularExpressionError: Error, Hashable, Sendable {
  /// The pattern breaks the syntax; `offset` counts Unicode scalars.
  case syntax(String, offset: Int)
  /// The pattern is right and this engine lacks what it asks for.
  case unsupported(String, offset: Int)
  /// The pattern, its nesting or its compiled form is too large.
  case tooLarge(String)
}

extension RegularExpressionError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .syntax(let reason, let offset): "pattern: \(reason) at character \(offset)"
    case .unsupported(let what, let offset):
      "pattern: \(what) at character \(offset) is not supported"
    case .tooLarge(let what): "pattern: \(what)"
    }
  }
}
