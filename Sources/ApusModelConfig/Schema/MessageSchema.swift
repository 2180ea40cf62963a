/// The fields of a message as its definition lists them.
struct MessageSchema: Sendable {
  let name: String
  /// In order of declaration.
  let fields: [FieldSchema]
  private let byName: [String: Int]
  private let byNumber: [Int: Int]

  init(name: String, fields: [FieldSchema]) {
    self.name = name
    self.fields = fields
    var names: [String: Int] = [:]
    var numbers: [Int: Int] = [:]
    for (index, field) in fields.enumerated() {
      names[field.jsonName] = index
      numbers[field.number] = index
    }
    for (index, field) in fields.enumerated() { names[field.name] = index }
    byName = names
    byNumber = numbers
  }

  /// The field of a name as the definition writes it.
  func field(named name: String) -> FieldSchema? {
    byName[name].map { fields[$0] }.flatMap { $0.name == name ? $0 : nil }
  }

  /// The field of a name as the definition or the JSON mapping (`maxBatchSize`) writes it.
  func field(jsonNamed name: String) -> FieldSchema? { byName[name].map { fields[$0] } }

  func field(number: Int) -> FieldSchema? { byNumber[number].map { fields[$0] } }
}

/// One field of a message.
struct FieldSchema: Sendable {
  enum Cardinality: Sendable { case one, many, map }

  enum Kind: Sendable {
    case bool, int32, int64, uint32, uint64, float, double, string, bytes
    case enumeration(EnumSchema)
    /// The full name of a message; for maps that of the entry, whose fields are `key` and `value`.
    case message(String)
  }

  let name: String
  let jsonName: String
  let number: Int
  let kind: Kind
  let cardinality: Cardinality
  /// The group of fields of which one at most is set.
  let choice: String?

  /// What a value of the field looks like, for messages.
  var expectation: String {
    switch kind {
    case .bool: "true or false"
    case .int32, .int64: "a whole number"
    case .uint32, .uint64: "a whole number from 0 on"
    case .float, .double: "a number"
    case .string, .bytes: "a text in quotes"
    case .enumeration(let type): "one of \(type.list)"
    case .message: "{ … }"
    }
  }
}

/// The names of an enumeration.
struct EnumSchema: Sendable {
  let values: [(name: String, number: Int32)]

  func number(of name: String) -> Int32? { values.first { $0.name == name }?.number }
  func name(of number: Int32) -> String? { values.first { $0.number == number }?.name }

  /// All names, for messages.
  var list: String { values.map(\.name).joined(separator: ", ") }
}
