internal import ApusTensor

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
  package static func nearest(to name: String) -> CommandFlag? {
    Spelling.nearest(to: name, among: all.map(\.name), limit: max(2, name.count / 3)).first
      .flatMap { named($0) }
  }

  private static let byName = Dictionary(
    all.map { ($0.name.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
}
