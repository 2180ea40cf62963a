#if Server
/// The shortest decimal digits of a float, for those that are written without an exponent and whose digits double
/// arithmetic decides: nearly all that models compute with. Others are left to the standard library.
///
/// Scaled to nine digits before the point, the numbers that read back as a float fill an interval of more than five
/// units, whose ends double arithmetic tells to 10⁻⁶ of a unit. The multiple of the highest power of ten in it is the
/// shortest form; where an end is nearer than that, nothing is said. The idea is that of Grisu3
/// (Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers", 2010).
struct ShortFloat {
  private let isNegative: Bool
  /// The digits as a number, without zeros at the end.
  private let digits: UInt32
  /// How many they are.
  private let count: Int
  /// The power of ten of the first of them.
  private let exponent: Int

  /// The standard library writes floats in this range without an exponent.
  private static let plain = 1e-4..<16_777_216.0
  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
  ]
  /// In units of the last of nine digits.
  private static let uncertainty = 1e-6

  /// Nil where that is not decided.
  init?(_ value: Float) {
    let magnitude = Double(value.magnitude)
    guard Self.plain.contains(magnitude) else { return nil }
    var exponent = 7
    while exponent > 0, magnitude < Self.powersOfTen[exponent] { exponent -= 1 }
    if magnitude < 1 {
      exponent = -1
      while magnitude * Self.powersOfTen[-exponent] < 1 { exponent -= 1 }
    }
    let scale = Self.powersOfTen[8 - exponent]
    let scaled = magnitude * scale
    guard scaled >= 1e8, scaled < 999_999_999 else { return nil }
    let gap = Double(value.ulp) / 2
    let low = (magnitude - (value.significandBitPattern == 0 ? gap / 2 : gap)) * scale
    let high = (magnitude + gap) * scale
    var best = 0.0
    var dropped = -1
    // Scaling is exact: 24 bits of the float and 28 of 5¹². So is what is left of it by whole numbers.
    while dropped < 8 {
      let unit = Self.powersOfTen[dropped + 1]
      let whole = Double(Int64(scaled / unit))
      let rest = scaled - whole * unit
      let isUp = rest > unit / 2 || rest == unit / 2 && Int64(whole) & 1 == 1
      let next = isUp ? (whole + 1) * unit : whole * unit
      if next < low - Self.uncertainty || next > high + Self.uncertainty { break }
      guard next > low + Self.uncertainty, next < high - Self.uncertainty else { return nil }
      best = next
      dropped += 1
    }
    guard dropped >= 0, best < 1e9 else { return nil }
    digits = UInt32(best / Self.powersOfTen[dropped])
    count = 9 - dropped
    self.exponent = exponent
    isNegative = value < 0
  }

  /// Appends the text, such as `-0.0625` or `3.0`.
  func append(to bytes: inout [UInt8]) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
      var place = 24
      var rest = digits
      func put(_ byte: UInt8) {
        place -= 1
        unsafe text[place] = byte
      }
      func putDigit() {
        put(UInt8(truncatingIfNeeded: rest % 10) + 0x30)
        rest /= 10
      }
      let fraction = count - 1 - exponent
      if fraction > 0 {
        for _ in 0..<min(count, fraction) { putDigit() }
        for _ in 0..<max(fraction - count, 0) { put(0x30) }
      } else {
        put(0x30)
      }
      put(0x2E)
      if exponent < 0 {
        put(0x30)
      } else {
        for _ in 0..<max(-fraction, 0) { put(0x30) }
        for _ in 0...(exponent - max(-fraction, 0)) { putDigit() }
      }
      if isNegative { put(0x2D) }
      unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[place...]))
    }
  }
}
#endif
