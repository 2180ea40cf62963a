#if Server
/// Writes a JSON text. The caller keeps to the grammar; commas between values are put by the writer.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  /// Whether a value was written since the last bracket or key.
  private var needsComma = false

  init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func plain(_ text: String) {
    var text = text
    text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
  }

  /// Writes text that was written before, up to a place where a value or the end is next.
  mutating func verbatim(_ text: [UInt8]) {
    bytes.append(contentsOf: text)
    needsComma = false
  }

  /// Writes `{`, what `body` writes, `}`.
  mutating func object<Failure>(
    _ body: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  /// Writes `[`, what `body` writes, `]`.
  mutating func array<Failure>(
    _ body: (inout JSONWriter) throws(Failure) -> Void
  ) throws(Failure) {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
    try body(&self)
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  /// Writes a key; its value comes next.
  mutating func key(_ name: String) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// As above, for a name that needs no escapes.
  mutating func key(fixed name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  mutating func string(_ text: String) { string(utf8: text.utf8) }

  /// Writes bytes that are known to be UTF-8.
  mutating func string(utf8 text: some Collection<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    let start = bytes.count
    bytes.append(contentsOf: text)
    for index in start..<bytes.count where Self.needsEscape(bytes[index]) {
      bytes.removeSubrange(start...)
      for byte in text { escape(byte) }
      break
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x22 || byte == 0x5C
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case 0x22: plain("\\\"")
    case 0x5C: plain("\\\\")
    case 0x0A: plain("\\n")
    case 0x0D: plain("\\r")
    case 0x09: plain("\\t")
    case 0..<0x20:
      plain("\\u00" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16))
    default: bytes.append(byte)
    }
  }

  mutating func bool(_ value: Bool) {
    separate()
    plain(value ? "true" : "false")
  }

  mutating func integer(_ value: some BinaryInteger) {
    separate()
    guard let small = UInt8(exactly: value), small < 10 else { return plain(value.description) }
    bytes.append(UInt8(ascii: "0") + small)
  }

  /// The shortest digits that read back as the same number; `NaN` and `Infinity` as the protocol's clients
  /// read them.
  mutating func number(_ value: Double) {
    separate()
    if value.isFinite { plain(value.description) } else { special(value) }
  }

  mutating func number(_ value: Float) {
    separate()
    if let short = ShortFloat(value) {
      short.append(to: &bytes)
    } else if value == 0 {
      plain(value.sign == .minus ? "-0.0" : "0.0")
    } else if value.isFinite {
      plain(value.description)
    } else {
      special(Double(value))
    }
  }

  private mutating func special(_ value: Double) {
    plain(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
  }
}
#endif
