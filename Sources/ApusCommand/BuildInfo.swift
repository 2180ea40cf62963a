internal import CApusPlatform
internal import Foundation

/// Which commit this program was built from.
enum BuildInfo {
  /// `git archive` writes the commit here; in a clone the placeholder stays.
  private static let archived = "$Format:%H$"

  /// The commit that the release script named, else the one that the source archive carries, else
  /// where the clone stood that holds this executable, when it was linked.
  static var commit: String {
    let named = unsafe String(cString: apus_build_commit())
    if !named.isEmpty { return "commit \(short(named))" }
    if !archived.hasPrefix("$") { return "commit \(short(archived))" }
    guard let path = Bundle.main.executablePath, let clone = GitClone(holding: path),
      let commit = clone.commit(at: GitClone.modified(path))
    else { return "unknown commit" }
    return "a clone at commit \(short(commit))"
  }

  private static func short(_ commit: String) -> String { String(commit.prefix(12)) }
}
