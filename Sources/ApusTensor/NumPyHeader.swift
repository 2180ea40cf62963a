/// The description at the start of a `.npy` file: a Python dictionary literal with three keys.
/// Source: NumPy enhancement proposal 1 and `numpy.lib.format`.
struct NumPyHeader {
  var descriptor: String
  var fortranOrder: Bool
  var shape: [Int]

  /// `offset` is where `text` begins in the file, for diagnostics.
  init(parsing text: [UInt8], offset: Int) throws(TensorError) {
    var parser = Parser(text: text, base: offset)
    var descriptor: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    try parser.expect("{")
    while !parser.accepts("}") {
      let key = try parser.string()
      try parser.expect(":")
      switch key {
      case "descr":
        if parser.peek == UInt8(ascii: "[") {
          throw parser.error("structured arrays are not tensors")
        }
        descriptor = try parser.string()
      case "fortran_order": fortranOrder = try parser.boolean()
      case "shape": shape = try parser.tuple()
      default: throw parser.error("unknown key '\(key)'")
      }
      if !parser.accepts(",") {
        try parser.expect("}")
        break
      }
    }
    guard let descriptor, let fortranOrder, let shape else {
      throw parser.error("the header lacks one of descr, fortran_order, shape")
    }
    self.descriptor = descriptor
    self.fortranOrder = fortranOrder
    self.shape = shape
  }

  /// The bytes of a version 1 file up to its data, padded to 64.
  static func encode(descriptor: String, shape: [Int]) -> [UInt8] {
    let lengths = shape.map { "\($0)," }.joined(separator: " ")
    let tuple = shape.count > 1 ? String(lengths.dropLast()) : lengths
    var text = Array(
      "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(tuple)), }".utf8)
    let long = text.count + 11 > 65_535
    let fixed = long ? 12 : 10
    let padding = (64 - (fixed + text.count + 1) % 64) % 64
    text += [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [long ? 2 : 1, 0]
    for shift in stride(from: 0, to: long ? 32 : 16, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: text.count >> shift))
    }
    return bytes + text
  }

  private struct Parser {
    let text: [UInt8]
    let base: Int
    var position = 0

    func error(_ reason: String) -> TensorError {
      .malformed(format: "npy header", reason: reason, offset: base + position)
    }

    private mutating func skipSpace() {
      while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) {
        position += 1
      }
    }

    var peek: UInt8? {
      mutating get {
        skipSpace()
        return position < text.count ? text[position] : nil
      }
    }

    mutating func accepts(_ character: Character) -> Bool {
      guard let next = peek, next == character.asciiValue else { return false }
      position += 1
      return true
    }

    mutating func expect(_ character: Character) throws(TensorError) {
      guard accepts(character) else { throw error("expected '\(character)'") }
    }

    mutating func string() throws(TensorError) -> String {
      guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
        throw error("expected a string")
      }
      let start = position + 1
      guard let end = text[start...].firstIndex(of: quote) else {
        throw error("a string without end")
      }
      position = end + 1
      return String(decoding: text[start..<end], as: UTF8.self)
    }

    mutating func word() -> String {
      skipSpace()
      let start = position
      while position < text.count,
        Character(UnicodeScalar(text[position])).isLetter || text[position] == 0x2D
          || (0x30...0x39).contains(text[position])
      {
        position += 1
      }
      return String(decoding: text[start..<position], as: UTF8.self)
    }

    mutating func boolean() throws(TensorError) -> Bool {
      switch word() {
      case "True": return true
      case "False": return false
      default: throw error("expected True or False")
      }
    }

    mutating func tuple() throws(TensorError) -> [Int] {
      var values: [Int] = []
      try expect("(")
      while !accepts(")") {
        var digits = word()
        if digits.hasSuffix("L") { digits.removeLast() }
        guard let value = Int(digits), value >= 0 else { throw error("expected an extent") }
        values.append(value)
        if !accepts(",") {
          try expect(")")
          break
        }
      }
      return values
    }
  }
}
