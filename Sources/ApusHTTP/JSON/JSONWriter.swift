#if Server
  internal import NIOCore

  /// Writes a JSON text. The caller keeps to the grammar; commas between values are put by the writer.
  struct JSONWriter {
    private(set) var buffer: ByteBuffer
    /// Whether a value was written since the last bracket or key.
    private var needsComma = false

    init(capacity: Int = 512) { buffer = ByteBufferAllocator().buffer(capacity: capacity) }

    private mutating func separate() {
      if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
      needsComma = true
    }

    /// Writes `{`, what `body` writes, `}`.
    mutating func object<Failure>(
      _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
      separate()
      buffer.writeInteger(UInt8(ascii: "{"))
      needsComma = false
      try body(&self)
      buffer.writeInteger(UInt8(ascii: "}"))
      needsComma = true
    }

    /// Writes `[`, what `body` writes, `]`.
    mutating func array<Failure>(
      _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
      separate()
      buffer.writeInteger(UInt8(ascii: "["))
      needsComma = false
      try body(&self)
      buffer.writeInteger(UInt8(ascii: "]"))
      needsComma = true
    }

    /// Writes a key; its value comes next.
    mutating func key(_ name: String) {
      string(name)
      buffer.writeInteger(UInt8(ascii: ":"))
      needsComma = false
    }

    mutating func string(_ text: String) {
      separate()
      buffer.writeInteger(UInt8(ascii: "\""))
      if text.utf8.contains(where: Self.needsEscape) {
        for byte in text.utf8 { escape(byte) }
      } else {
        buffer.writeString(text)
      }
      buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// Writes bytes that are known to be UTF-8.
    mutating func string(utf8 bytes: some Collection<UInt8>) {
      separate()
      buffer.writeInteger(UInt8(ascii: "\""))
      if bytes.contains(where: Self.needsEscape) {
        for byte in bytes { escape(byte) }
      } else {
        buffer.writeBytes(bytes)
      }
      buffer.writeInteger(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
      byte < 0x20 || byte == 0x22 || byte == 0x5C
    }

    private mutating func escape(_ byte: UInt8) {
      switch byte {
      case 0x22: buffer.writeStaticString("\\\"")
      case 0x5C: buffer.writeStaticString("\\\\")
      case 0x0A: buffer.writeStaticString("\\n")
      case 0x0D: buffer.writeStaticString("\\r")
      case 0x09: buffer.writeStaticString("\\t")
      case 0..<0x20:
        buffer.writeStaticString("\\u00")
        buffer.writeString(String(byte >> 4, radix: 16) + String(byte & 15, radix: 16))
      default: buffer.writeInteger(byte)
      }
    }

    mutating func bool(_ value: Bool) {
      separate()
      if value { buffer.writeStaticString("true") } else { buffer.writeStaticString("false") }
    }

    mutating func integer(_ value: some BinaryInteger) {
      separate()
      buffer.writeString(value.description)
    }

    /// The shortest digits that read back as the same number; `NaN` and `Infinity` as the protocol's clients
    /// read them.
    mutating func number(_ value: Double) { write(value, value.description) }

    mutating func number(_ value: Float) { write(Double(value), value.description) }

    private mutating func write(_ value: Double, _ text: String) {
      separate()
      if value.isNaN {
        buffer.writeStaticString("NaN")
      } else if value.isInfinite {
        if value < 0 {
          buffer.writeStaticString("-Infinity")
        } else {
          buffer.writeStaticString("Infinity")
        }
      } else {
        buffer.writeString(text)
      }
    }

    /// Writes a JSON text that another made.
    mutating func raw(_ text: String) {
      separate()
      buffer.writeString(text)
    }
  }
#endif
