/// Prints messages of the binary form as JSON, with all fields.
struct MessagePrinter {
  private(set) var text = ""

  mutating func append(_ bytes: [UInt8], type: String) { append(bytes[...], type: type) }

  private mutating func append(_ bytes: ArraySlice<UInt8>, type: String) {
    let schema = Schema.shared.message(type)
    let values = WireReader.fields(of: bytes)
    var isFirst = true
    text += "{"
    for field in schema.fields {
      let found = values[field.number] ?? []
      guard !found.isEmpty || Self.isPrintedUnset(field) else { continue }
      if !isFirst { text += "," }
      isFirst = false
      text += "\"\(field.name)\":"
      append(found, of: field)
    }
    text += "}"
  }

  /// Messages and choices that are not set have no default that could be shown.
  private static func isPrintedUnset(_ field: FieldSchema) -> Bool {
    if field.choice != nil { return false }
    if case .message = field.kind { return field.cardinality != .one }
    return true
  }

  private mutating func append(_ values: [WireReader.Value], of field: FieldSchema) {
    switch field.cardinality {
    case .one:
      // The last of several counts.
      append(values.last, kind: field.kind)
    case .many:
      text += "["
      var isFirst = true
      for value in values {
        for part in WireReader.unpacked(value, kind: field.kind) {
          if !isFirst { text += "," }
          isFirst = false
          append(part, kind: field.kind)
        }
      }
      text += "]"
    case .map: appendMap(values, of: field)
    }
  }

  private mutating func appendMap(_ values: [WireReader.Value], of field: FieldSchema) {
    guard case .message(let type) = field.kind,
      let key = Schema.shared.message(type).field(number: 1),
      let content = Schema.shared.message(type).field(number: 2)
    else { return }
    var entries: [(key: String, number: UInt64, value: WireReader.Value?)] = []
    for case .bytes(let bytes) in values {
      let parts = WireReader.fields(of: bytes)
      switch parts[1]?.last {
      case .bytes(let name):
        entries.append((String(decoding: name, as: UTF8.self), 0, parts[2]?.last))
      case .varint(let number): entries.append(("\(number)", number, parts[2]?.last))
      default:
        if case .string = key.kind {
          entries.append(("", 0, parts[2]?.last))
        } else {
          entries.append(("0", 0, parts[2]?.last))
        }
      }
    }
    // The binary form keeps no order.
    entries.sort { ($0.number, $0.key) < ($1.number, $1.key) }
    text += "{"
    for (index, entry) in entries.enumerated() {
      if index > 0 { text += "," }
      appendQuoted(entry.key)
      text += ":"
      append(entry.value, kind: content.kind)
    }
    text += "}"
  }

  /// Nil stands for the default of the type.
  private mutating func append(_ value: WireReader.Value?, kind: FieldSchema.Kind) {
    switch kind {
    case .bool: text += (value?.integer ?? 0) == 0 ? "false" : "true"
    case .int32, .int64: text += "\(Int64(bitPattern: value?.integer ?? 0))"
    case .uint32, .uint64: text += "\(value?.integer ?? 0)"
    case .float: append(Double("\(value?.float ?? 0)") ?? 0, shown: "\(value?.float ?? 0)")
    case .double: append(value?.double ?? 0, shown: "\(value?.double ?? 0)")
    case .string: appendQuoted(String(decoding: value?.content ?? [], as: UTF8.self))
    case .bytes: appendQuoted("")
    case .enumeration(let type):
      let number = Int32(truncatingIfNeeded: value?.integer ?? 0)
      if let name = type.name(of: number) { appendQuoted(name) } else { text += "\(number)" }
    case .message(let type): append(value?.content ?? [], type: type)
    }
  }

  private mutating func append(_ number: Double, shown: String) {
    if number.isNaN {
      text += "\"NaN\""
    } else if number.isInfinite {
      text += number < 0 ? "\"-Infinity\"" : "\"Infinity\""
    } else if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 {
      text += "\(whole)"
    } else {
      text += shown
    }
  }

  private mutating func appendQuoted(_ content: String) {
    text += "\""
    for scalar in content.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
