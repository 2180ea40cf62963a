/// A flag of the trtexec family, as data: what it is called, whether a value follows, what it means.
package struct CommandFlag: Sendable {
  package enum Value: Sendable, Hashable { case none, required }

  package enum Meaning: Sendable, Hashable {
    /// Declared by the commands that act on it.
    case effective
    /// Another spelling of an effective flag.
    case alias(of: String)
    /// Understood and without effect, for this reason.
    case inert(String)
    /// Understood and not possible, for this reason.
    case refused(String)
  }

  package let name: String
  package let value: Value
  package let meaning: Meaning

  init(_ name: String, _ value: Value, _ meaning: Meaning) {
    self.name = name
    self.value = value
    self.meaning = meaning
  }
}

extension CommandFlag {
  /// The flag with a name, case ignored.
  package static func named(_ name: some StringProtocol) -> CommandFlag? {
    byName[name.lowercased()]
  }

  /// The flag whose name is nearest to a misspelled one; nil where none is near.
  package static func nearest(to name: some StringProtocol) -> CommandFlag? {
    let wanted = name.lowercased()
    let candidates = all.map { (flag: $0, distance: distance($0.name.lowercased(), wanted)) }
    guard let best = candidates.min(by: { $0.distance < $1.distance }),
      best.distance <= max(2, wanted.count / 3)
    else { return nil }
    return best.flag
  }

  private static let byName = Dictionary(
    all.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })

  /// The number of single-character edits between two texts (Levenshtein 1965).
  package static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.unicodeScalars)
    let b = Array(right.unicodeScalars)
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
