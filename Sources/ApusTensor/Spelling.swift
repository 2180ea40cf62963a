/// Misspelled names: the known ones that may have been meant.
package enum Spelling {
  /// Longer names are not compared: the distance costs the product of two lengths.
  package static let lengthLimit = 64

  /// The known names within a number of edits of a name, nearest first, then in their order of
  /// characters; case is ignored. Without a limit it is a third of the name's length, at least 1.
  /// Empty for names longer than `lengthLimit` bytes.
  package static func nearest(
    to name: String, among known: some Sequence<String>, limit: Int? = nil
  ) -> [String] {
    guard name.utf8.count <= lengthLimit else { return [] }
    let wanted = name.lowercased()
    let limit = limit ?? max(1, wanted.unicodeScalars.count / 3)
    return known.map { (name: $0, distance: distance($0.lowercased(), wanted)) }
      .filter { $0.distance <= limit }
      .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .map(\.name)
  }

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
