/// The one error of the product's boundary: what went wrong, where, and what to do.
public struct ApusError: Error, Sendable {
  /// The kind of failure; a command's exit code follows from it.
  public enum Code: Int, Sendable {
    case internalFailure = 1
    /// The model, a file, a flag or a shape is wrong.
    case invalidInput = 2
    /// Valid, but not supported by this build.
    case unsupported = 3
    /// Results differ from what they are compared with.
    case mismatch = 4
  }

  public let code: Code
  public let message: String
  /// A file, a node or an input.
  public let location: String?
  /// What would help.
  public let hint: String?

  public init(_ code: Code, _ message: String, location: String? = nil, hint: String? = nil) {
    self.code = code
    self.message = message
    self.location = location
    self.hint = hint
  }
}

extension ApusError: CustomStringConvertible {
  public var description: String {
    var text = message
    if let location, !message.hasPrefix(location) { text = "\(location): \(message)" }
    if let hint { text += "\n  \(hint)" }
    return text
  }
}
