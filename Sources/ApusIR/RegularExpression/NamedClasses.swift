/// Character classes that patterns call by name; all of them are ASCII.
enum NamedClasses {
  /// `\d`, `\s`, `\w` by their letter.
  static func perl(_ letter: UInt32) -> [ClosedRange<UInt32>]? {
    switch letter {
    case ascii("d"): posix["digit"]
    case ascii("s"): [9...10, 12...13, 32...32]
    case ascii("w"): posix["word"]
    default: nil
    }
  }

  /// What may stand in `[:name:]`.
  static let posix: [String: [ClosedRange<UInt32>]] = {
    let digit = range("0", "9")
    let lower = range("a", "z")
    let upper = range("A", "Z")
    let underscore = range("_", "_")
    return [
      "alnum": [digit, upper, lower],
      "alpha": [upper, lower],
      "ascii": [0...127],
      "blank": [9...9, 32...32],
      "cntrl": [0...31, 127...127],
      "digit": [digit],
      "graph": [33...126],
      "lower": [lower],
      "print": [32...126],
      "punct": [33...47, 58...64, 91...96, 123...126],
      "space": [9...13, 32...32],
      "upper": [upper],
      "word": [digit, upper, underscore, lower],
      "xdigit": [digit, range("A", "F"), range("a", "f")],
    ]
  }()

  static func ascii(_ scalar: Unicode.Scalar) -> UInt32 { scalar.value }

  private static func range(
    _ first: Unicode.Scalar, _ last: Unicode.Scalar
  ) -> ClosedRange<UInt32> { first.value...last.value }
}
