/// What a client loads a model with instead of what the repository holds.
package struct LoadOverride: Sendable {
  /// A model configuration in JSON.
  package var config: String?
  /// Contents by path in the model's directory, such as `1/model.onnx`.
  package var files: [String: [UInt8]] = [:]

  package init() {}

  /// What a parameter of a load request is about.
  package enum Parameter {
    case config
    /// The content of the file at this path.
    case file(String)

    /// Throws for names that are none.
    package init(_ name: String) throws(ServingError) {
      if name == "config" {
        self = .config
      } else if name.hasPrefix("file:") {
        self = .file(String(name.dropFirst(5)))
      } else {
        throw ServingError(
          .invalidArgument,
          "unrecognized load parameter '\(name)': there are 'config' and 'file:<path>'")
      }
    }
  }
}
