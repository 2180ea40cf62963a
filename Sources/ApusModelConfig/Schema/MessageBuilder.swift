internal import ApusTensor

/// A message that a reader fills field by field. It holds what all notations have in common: which
/// fields there are, that single ones come once, and that one of a choice is set.
struct MessageBuilder {
  /// Deeper messages than any definition has are refused before they exhaust the stack.
  static let depthLimit = 32

  let schema: MessageSchema
  /// The field that the message is the value of; empty for the outermost.
  let path: String
  let depth: Int
  private(set) var writer = WireWriter()
  private var counts: [Int: Int] = [:]
  private var choices: [String: String] = [:]

  init(_ name: String, path: String = "", depth: Int = 0) {
    schema = Schema.shared.message(name)
    self.path = path
    self.depth = depth
  }

  /// The path of a field of the message.
  func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The path of the field's next value, with its index where the field has many.
  func path(ofNext field: FieldSchema) -> String {
    let path = path(of: field.name)
    return field.cardinality == .one ? path : "\(path)[\(counts[field.number] ?? 0)]"
  }

  /// Why a name is none of the message's fields, with what was likely meant.
  func unknownField(_ name: String, location: String?) -> ConfigError {
    let known = schema.fields.map(\.name)
    let shown = String(name.prefix(80))
    var hint = Spelling.nearest(to: name, among: known).first.map { "did you mean '\($0)'?" }
    if hint == nil, known.count <= 12 { hint = "fields: " + known.joined(separator: ", ") }
    let type = schema.name.split(separator: ".").last.map(String.init) ?? schema.name
    return ConfigError(
      "\(type) has no field '\(shown)'", field: path(of: shown), location: location, hint: hint)
  }

  /// Takes note of a field's next value. Throws where the field has one already, or another of its
  /// choice.
  mutating func begin(_ field: FieldSchema, location: String?) throws(ConfigError) {
    let count = counts[field.number] ?? 0
    if count > 0, field.cardinality == .one {
      throw ConfigError("is given twice", field: path(of: field.name), location: location)
    }
    if let choice = field.choice {
      if let other = choices[choice], other != field.name {
        throw ConfigError(
          "'\(other)' is given as well, and only one of the two can be",
          field: path(of: field.name), location: location)
      }
      choices[choice] = field.name
    }
    counts[field.number] = count + 1
  }

  mutating func append(_ value: ScalarValue, to field: FieldSchema) {
    writer.append(value, field: field.number)
  }

  mutating func append(_ message: MessageBuilder, to field: FieldSchema) {
    writer.append(message.writer.bytes, field: field.number)
  }

  /// The builder of a message that is the field's next value.
  func nested(_ name: String, in field: FieldSchema, location: String?) throws(ConfigError)
    -> MessageBuilder
  {
    guard depth < Self.depthLimit else {
      throw ConfigError(
        "messages are nested too deeply", field: path(of: field.name), location: location)
    }
    return MessageBuilder(name, path: path(ofNext: field), depth: depth + 1)
  }

  /// The value of a name of an enumeration.
  func enumValue(
    _ name: String, of type: EnumSchema, in field: FieldSchema, location: String?
  ) throws(ConfigError) -> ScalarValue {
    if let number = type.number(of: name) { return .signed(Int64(number)) }
    let names = type.values.map(\.name)
    // Users of the protocol write FP32 where the configuration says TYPE_FP32.
    let wanted = names.first { $0.hasSuffix("_" + name.uppercased()) && !name.isEmpty }
    let nearest = wanted ?? Spelling.nearest(to: name, among: names).first
    throw ConfigError(
      "'\(name.prefix(80))' is none of its values", field: path(ofNext: field), location: location,
      hint: nearest.map { "did you mean '\($0)'?" } ?? "values: \(type.list)")
  }
}
