/// A set of Unicode scalars: what a character class matches.
struct ScalarSet: Sendable {
  /// A part of a class, such as a range or `\W`.
  struct Item: Sendable {
    var content: Content
    var isNegated = false
    /// Whether scalars that differ in case only count as equal.
    var folds = false

    func contains(_ scalar: UInt32) -> Bool {
      var found = content.contains(scalar)
      if folds, !found {
        for other in CaseFolding.orbit(scalar) where content.contains(other) {
          found = true
          break
        }
      }
      return found != isNegated
    }
  }

  enum Content: Sendable {
    /// Inclusive bounds.
    case ranges([ClosedRange<UInt32>])
    /// A general category's abbreviation: one letter for a major class, two for a category.
    case category(String)
    case all

    func contains(_ scalar: UInt32) -> Bool {
      switch self {
      case .all: true
      case .ranges(let ranges): ranges.contains { $0.contains(scalar) }
      case .category(let name):
        Unicode.Scalar(scalar).map {
          $0.properties.generalCategory.abbreviation.hasPrefix(name)
        } ?? false
      }
    }
  }

  private let items: [Item]
  private let isNegated: Bool
  /// The answers for ASCII, a bit each.
  private let low: UInt64
  private let high: UInt64

  init(_ items: [Item], isNegated: Bool) {
    self.items = items
    self.isNegated = isNegated
    var words: [UInt64] = [0, 0]
    for scalar in UInt32(0)..<128
    where items.contains(where: { $0.contains(scalar) }) != isNegated {
      words[Int(scalar / 64)] |= 1 << UInt64(scalar % 64)
    }
    low = words[0]
    high = words[1]
  }

  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return low >> UInt64(scalar) & 1 == 1 }
    if scalar < 128 { return high >> UInt64(scalar - 64) & 1 == 1 }
    return items.contains { $0.contains(scalar) } != isNegated
  }
}

/// Scalars that are equal but for their case.
enum CaseFolding {
  /// The other scalars with the same folded form.
  static func orbit(_ scalar: UInt32) -> [UInt32] {
    guard scalar < limit else { return [] }
    return (orbits[folded(scalar)] ?? []).filter { $0 != scalar }
  }

  /// One scalar that stands for all that differ from it in case only.
  static func folded(_ scalar: UInt32) -> UInt32 {
    guard let value = Unicode.Scalar(scalar) else { return scalar }
    let upper = single(value.properties.uppercaseMapping) ?? value
    return (single(upper.properties.lowercaseMapping) ?? upper).value
  }

  /// Scalars from here on have no case.
  private static let limit: UInt32 = 0x1E944

  private static let orbits: [UInt32: [UInt32]] = {
    var orbits: [UInt32: [UInt32]] = [:]
    for value in UInt32(0)..<limit {
      guard let scalar = Unicode.Scalar(value), scalar.properties.isCased else { continue }
      orbits[folded(value), default: []].append(value)
    }
    return orbits.filter { $0.value.count > 1 }
  }()

  private static func single(_ text: String) -> Unicode.Scalar? {
    let scalars = text.unicodeScalars
    return scalars.count == 1 ? scalars.first : nil
  }
}

extension Unicode.GeneralCategory {
  /// The two letters of the Unicode standard.
  var abbreviation: String {
    switch self {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    case .unassigned: "Cn"
    @unknown default: "Cn"
    }
  }

  static let abbreviations: Set<String> = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
    "Cc", "Cf", "Cs", "Co",
  ]
}
