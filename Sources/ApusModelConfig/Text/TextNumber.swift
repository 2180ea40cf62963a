/// Numbers as the text format writes them, without a sign.
enum TextNumber {
  /// A decimal, octal (`017`) or hexadecimal (`0x1F`) number; nil for anything else, and above 64 bits.
  static func integer(_ digits: String) -> UInt64? {
    let isPlain = digits.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }
    guard isPlain else { return nil }
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      return UInt64(digits.dropFirst(2), radix: 16)
    }
    if digits.hasPrefix("0"), digits.utf8.count > 1 {
      return UInt64(digits.dropFirst(), radix: 8)
    }
    return UInt64(digits, radix: 10)
  }

  /// A decimal number with or without point and exponent, and with an `f` behind it or none.
  static func real(_ digits: String) -> Double? {
    var text = Substring(digits)
    if text.hasSuffix("f") || text.hasSuffix("F") { text = text.dropLast() }
    let isDecimal = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"),
        UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    // Octal and hexadecimal numbers are integers only; C++'s reader refuses them here as well.
    guard isDecimal, text.contains(where: \.isNumber) else { return nil }
    return Double(text)
  }
}
