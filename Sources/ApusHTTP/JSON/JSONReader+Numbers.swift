#if Server
internal import ApusServing

extension JSONReader {
  /// What a number looks like, before it is made one of a type.
  private struct Figures {
    let start: Int
    var isNegative = false
    /// Digits without the point; those beyond 19 are only counted in `exponent`.
    var mantissa: UInt64 = 0
    /// Whether all digits are in `mantissa`.
    var isExact = true
    var exponent = 0
    /// No point and no exponent.
    var isWhole = true
    var special: Double?
  }

  /// The number that comes next.
  mutating func number() throws(ServingError) -> JSONNumber {
    let figures = try figures()
    guard figures.isWhole, figures.isExact, figures.special == nil else {
      return .double(try double(figures))
    }
    if !figures.isNegative {
      return Int64(exactly: figures.mantissa).map(JSONNumber.integer)
        ?? .unsigned(figures.mantissa)
    }
    if figures.mantissa <= 1 << 63 {
      return .integer(Int64(truncatingIfNeeded: 0 &- figures.mantissa))
    }
    return .double(try double(figures))
  }

  /// The whole number that comes next, in the range of a type that `name` names.
  mutating func integer<Value: FixedWidthInteger>(
    _ type: Value.Type, _ name: String
  ) throws(ServingError) -> Value {
    skipSpace()
    if let plain = bytes.plainNumber(at: position), plain.fraction == nil {
      let signed = Int64(truncatingIfNeeded: plain.mantissa)
      guard let value = Value(exactly: plain.isNegative ? 0 &- signed : signed) else {
        throw failure("a value that does not fit into \(name)")
      }
      advance(to: plain.end)
      return value
    }
    let figures = try figures()
    guard figures.isWhole, figures.special == nil else {
      throw failure("a value that is no whole number, as \(name) asks for", at: figures.start)
    }
    let value: Value?
    if !figures.isExact {
      value = nil
    } else if !figures.isNegative {
      value = Value(exactly: figures.mantissa)
    } else if figures.mantissa <= 1 << 63 {
      value = Value(exactly: Int64(truncatingIfNeeded: 0 &- figures.mantissa))
    } else {
      value = nil
    }
    guard let value else {
      throw failure("a value that does not fit into \(name)", at: figures.start)
    }
    return value
  }

  /// The number that comes next, rounded to a double.
  mutating func double() throws(ServingError) -> Double {
    skipSpace()
    if let plain = bytes.plainNumber(at: position), plain.mantissa <= 1 << 53 {
      advance(to: plain.end)
      let mantissa = Double(plain.mantissa)
      let value = mantissa / Self.powersOfTen[plain.fraction ?? 0]
      return plain.isNegative ? -value : value
    }
    let figures = try figures()
    return try double(figures)
  }

  /// The number that comes next, rounded to a float; one beyond its range is an error.
  mutating func float() throws(ServingError) -> Float {
    let start = position
    let double = try double()
    let value = Float(double)
    if value.isInfinite, double.isFinite {
      throw failure("a value that does not fit into FP32", at: start)
    }
    return value
  }

  private mutating func figures() throws(ServingError) -> Figures {
    skipSpace()
    var figures = Figures(start: position)
    if peek == 0x2D {
      figures.isNegative = true
      advance()
    }
    if let special = specialNumber() {
      figures.special = figures.isNegative ? -special : special
      return figures
    }
    let first = position
    guard readDigits(&figures, isFraction: false) else { throw expected("a value") }
    if bytes[first] == 0x30, position - first > 1 {
      throw failure("a number does not begin with 0", at: first)
    }
    if peek == 0x2E {
      advance()
      figures.isWhole = false
      guard readDigits(&figures, isFraction: true) else { throw expected("a digit after '.'") }
    }
    if peek == 0x65 || peek == 0x45 {
      advance()
      figures.isWhole = false
      try readExponent(&figures)
    }
    return figures
  }

  private mutating func specialNumber() -> Double? {
    switch peek {
    case 0x4E: literal("NaN") ? .nan : nil
    case 0x49: literal("Infinity") || literal("Inf") ? .infinity : nil
    default: nil
    }
  }

  private mutating func readDigits(_ figures: inout Figures, isFraction: Bool) -> Bool {
    let start = position
    while let byte = peek, byte >= 0x30, byte <= 0x39 {
      let (shifted, overflow) = figures.mantissa.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(UInt64(byte - 0x30))
      if figures.isExact, !overflow, !carry {
        figures.mantissa = sum
        if isFraction { figures.exponent &-= 1 }
      } else {
        figures.isExact = false
        if !isFraction { figures.exponent &+= 1 }
      }
      advance()
    }
    return position > start
  }

  private mutating func readExponent(_ figures: inout Figures) throws(ServingError) {
    var isNegative = false
    if peek == 0x2D || peek == 0x2B {
      isNegative = peek == 0x2D
      advance()
    }
    var exponent = 0
    let start = position
    while let byte = peek, byte >= 0x30, byte <= 0x39 {
      // More is infinite or zero anyway; the text itself decides below.
      if exponent < 1_000_000 { exponent = exponent * 10 + Int(byte - 0x30) }
      advance()
    }
    guard position > start else { throw expected("a digit of an exponent") }
    figures.exponent &+= isNegative ? -exponent : exponent
  }

  /// Both factors are exact below these bounds, so that one rounding is left (Clinger, "How to Read
  /// Floating Point Numbers Accurately", 1990); else the C library reads the text.
  private func double(_ figures: Figures) throws(ServingError) -> Double {
    if let special = figures.special { return special }
    if figures.isExact, figures.mantissa <= 1 << 53, abs(figures.exponent) <= 22 {
      let mantissa = Double(figures.mantissa)
      let power = Self.powersOfTen[abs(figures.exponent)]
      let value = figures.exponent < 0 ? mantissa / power : mantissa * power
      return figures.isNegative ? -value : value
    }
    guard let value = bytes.double(figures.start..<position) else {
      throw failure("a number of more than 1023 characters", at: figures.start)
    }
    guard value.isFinite else {
      throw failure("a number beyond the range of doubles", at: figures.start)
    }
    return value
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17,
    1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}
#endif
