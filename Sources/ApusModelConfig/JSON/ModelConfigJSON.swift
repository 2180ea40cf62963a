package import ApusServingSchema

/// Model configurations in JSON, as the protocol's `config` endpoint shows them and `load` takes them.
package enum ModelConfigJSON {
  /// The configuration with all its fields: names as the definition writes them, numbers and lists that
  /// are not set with their defaults, messages and choices that are not set left out, enumerations by
  /// name, 64-bit integers as numbers.
  package static func text(of config: Inference_ModelConfig) -> String {
    var printer = MessagePrinter()
    printer.append(ConfigWire.bytes(config), type: Schema.modelConfig)
    return printer.text
  }

  /// The configuration that a text holds. Throws with the path of the field that is wrong and its
  /// position in the text.
  package static func read(_ text: String) throws(ConfigError) -> Inference_ModelConfig {
    guard text.utf8.count <= ConfigReader.sizeLimit else {
      throw ConfigError("has more than \(ConfigReader.sizeLimit) bytes")
    }
    var parser = JSONConfigParser(text)
    let message = try parser.document(MessageBuilder(Schema.modelConfig))
    return try ConfigWire.config(message.writer.bytes, location: nil)
  }
}
