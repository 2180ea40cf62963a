/// A JSON value to write.
package indirect enum JSON: Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  /// Written in the shortest form that reads back; NaN and infinities as text.
  case number(Double)
  case text(String)
  case list([JSON])
  case object([String: JSON])

  package static func texts(_ values: some Sequence<String>) -> JSON {
    .list(values.map(JSON.text))
  }
  package static func integers(_ values: some Sequence<Int>) -> JSON {
    .list(values.map(JSON.integer))
  }
}

extension JSON: CustomStringConvertible {
  /// Indented by two spaces, keys sorted, lists of plain values on one line.
  package var description: String {
    var text = ""
    write(to: &text, indent: "")
    return text
  }

  /// On one line, keys sorted.
  package var line: String {
    switch self {
    case .list(let values): "[" + values.map(\.line).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }.map { key, value in
          JSON.text(key).description + ":" + value.line
        }.joined(separator: ",") + "}"
    default: description
    }
  }

  private var isPlain: Bool {
    switch self {
    case .list, .object: false
    default: true
    }
  }

  private func write(to text: inout String, indent: String) {
    let inner = indent + "  "
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .number(let value): text += value.isFinite ? "\(value)" : "\"\(value)\""
    case .text(let value): Self.quote(value, into: &text)
    case .list(let values) where values.allSatisfy(\.isPlain):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += ", " }
        value.write(to: &text, indent: inner)
      }
      text += "]"
    case .list(let values):
      text += "["
      for (index, value) in values.enumerated() {
        text += (index > 0 ? "," : "") + "\n" + inner
        value.write(to: &text, indent: inner)
      }
      text += "\n\(indent)]"
    case .object(let members):
      text += "{"
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        text += (index > 0 ? "," : "") + "\n" + inner
        Self.quote(member.key, into: &text)
        text += ": "
        member.value.write(to: &text, indent: inner)
      }
      text += members.isEmpty ? "}" : "\n\(indent)}"
    }
  }

  private static func quote(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
