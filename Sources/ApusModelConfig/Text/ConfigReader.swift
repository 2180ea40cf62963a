package import ApusServingSchema

/// Reads `config.pbtxt`: a model configuration in the text format of protocol buffers.
package enum ConfigReader {
  /// Longer texts are refused.
  package static let sizeLimit = 16 << 20

  /// The configuration that a text holds. `file` is the name that errors put before the line. Throws at
  /// the first thing that is wrong, with the field's path and, where one is near, the name that was
  /// likely meant.
  package static func read(
    text: String, file: String
  ) throws(ConfigError) -> Inference_ModelConfig {
    guard text.utf8.count <= sizeLimit else {
      throw ConfigError("has more than \(sizeLimit) bytes", location: file)
    }
    var parser = TextParser(text, file: file)
    let message = try parser.document(MessageBuilder(Schema.modelConfig))
    return try ConfigWire.config(message.writer.bytes, location: file)
  }
}
