/// What is wrong with a model configuration, and where.
package struct ConfigError: Error, Hashable, Sendable {
  /// The file, and the line in it, where the text came from one: `config.pbtxt:7`.
  package let location: String?
  /// The field, such as `input[0].data_type`; empty for the whole.
  package let field: String
  package let message: String
  /// What would help, such as the field that was likely meant.
  package let hint: String?

  package init(
    _ message: String, field: String = "", location: String? = nil, hint: String? = nil
  ) {
    self.message = message
    self.field = field
    self.location = location
    self.hint = hint
  }
}

extension ConfigError: CustomStringConvertible {
  package var description: String {
    var text = location.map { "\($0): " } ?? ""
    if !field.isEmpty { text += "\(field): " }
    text += message
    if let hint { text += " (\(hint))" }
    return text
  }
}
