package import Apus

/// Shapes by input name in trtexec's notation: `name:1x3x224x224,'odd,name':scalar`.
///
/// A name may stand in single quotes and may hold one `*`, which matches anything. In front,
/// `N#` says which optimisation profile the shapes belong to.
package struct ShapeSpecification: Sendable {
  package private(set) var profile = 0
  private var entries: [(pattern: String, shape: [Int])] = []

  package init(_ text: String) throws(ApusError) {
    var rest = text[...]
    if let mark = rest.firstIndex(of: "#"), let index = Int(rest[..<mark]), index >= 0 {
      profile = index
      rest = rest[rest.index(after: mark)...]
    }
    while !rest.isEmpty {
      let name = Self.name(&rest)
      let end = rest.firstIndex(of: ",") ?? rest.endIndex
      let extents = rest[..<end]
      rest = rest[end...].dropFirst()
      guard let name, let shape = Self.shape(extents) else {
        throw ApusError(
          .invalidInput, "cannot read the shapes '\(text)'",
          hint: "write NAME:1x3x224x224, with commas between inputs")
      }
      entries.append((name, shape))
    }
  }

  /// Reads a name and the colon behind it; the last colon before the next comma ends a bare name.
  private static func name(_ rest: inout Substring) -> String? {
    if rest.first == "'" {
      let body = rest.dropFirst()
      guard let end = body.firstIndex(of: "'") else { return nil }
      let name = String(body[..<end])
      let after = body[end...].dropFirst()
      guard after.first == ":" else { return nil }
      rest = after.dropFirst()
      return name
    }
    let end = rest.firstIndex(of: ",") ?? rest.endIndex
    guard let colon = rest[..<end].lastIndex(of: ":") else { return nil }
    let name = String(rest[..<colon])
    rest = rest[rest.index(after: colon)...]
    return name
  }

  private static func shape(_ text: Substring) -> [Int]? {
    if text.isEmpty || text == "scalar" { return [] }
    var extents: [Int] = []
    for part in text.split(separator: "x", omittingEmptySubsequences: false) {
      guard let extent = Int(part), extent >= 0 else { return nil }
      extents.append(extent)
    }
    return extents
  }

  package var isEmpty: Bool { entries.isEmpty }

  /// Names and patterns, in order.
  package var names: [String] { entries.map(\.pattern) }

  /// The shape given for an input: an exact name before a pattern.
  package subscript(input: String) -> [Int]? {
    entries.last { $0.pattern == input }?.shape
      ?? entries.last { Self.matches(input, $0.pattern) }?.shape
  }

  /// Refuses names that no input has.
  package func check(against inputs: [String]) throws(ApusError) {
    for name in names where !inputs.contains(where: { $0 == name || Self.matches($0, name) }) {
      throw ApusError(
        .invalidInput, "there is no input '\(name)'",
        hint: "the inputs are \(inputs.joined(separator: ", "))")
    }
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    guard let star = pattern.firstIndex(of: "*") else { return false }
    let prefix = pattern[..<star]
    let suffix = pattern[pattern.index(after: star)...]
    return name.count >= prefix.count + suffix.count && name.hasPrefix(prefix)
      && name.hasSuffix(suffix)
  }
}

extension [Int] {
  /// Extents as trtexec writes them; a scalar has none.
  package var dimensions: String {
    isEmpty ? "scalar" : map(String.init).joined(separator: "x")
  }
}
