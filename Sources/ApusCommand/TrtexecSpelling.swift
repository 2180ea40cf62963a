internal import Foundation

/// Accepts trtexec's command lines: flag names in any case, and a link named `trtexec`.
enum TrtexecSpelling {
  /// Arguments behind the program's name, with trtexec's flags in the spelling that is declared.
  static func normalized(_ arguments: [String]) -> [String] {
    var rest = Array(arguments.dropFirst())
    let program = arguments.first.map { ($0 as NSString).lastPathComponent } ?? "apus"
    if program == "trtexec" { rest.insert("trtexec", at: 0) }
    guard let command = rest.first, ["build", "bench", "trtexec"].contains(command) else {
      return rest
    }
    return [command] + rest.dropFirst().map(spelled)
  }

  private static func spelled(_ argument: String) -> String {
    guard argument.hasPrefix("--") else { return argument }
    let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first else { return argument }
    let known = TrtexecFlags.all.first { $0.lowercased() == name.lowercased() }
    return "--" + ([known ?? String(name)] + parts.dropFirst().map(String.init)).joined(separator: "=")
  }

  /// The nearest flag to the one that a parsing error names.
  static func suggestion(for arguments: [String], error: String) -> String? {
    guard error.contains("Unknown option"), let command = arguments.first,
      ["build", "bench", "trtexec"].contains(command),
      let bad = arguments.first(where: { argument in
        argument.hasPrefix("--")
          && !TrtexecFlags.all.contains(String(argument.dropFirst(2).prefix { $0 != "=" }))
      })
    else { return nil }
    let name = String(bad.dropFirst(2).prefix { $0 != "=" })
    let nearest = TrtexecFlags.all.min { distance($0, name) < distance($1, name) }
    guard let nearest, distance(nearest, name) <= max(3, name.count / 2) else { return nil }
    return "unknown flag --\(name); did you mean --\(nearest)?"
  }

  /// Levenshtein's distance, case ignored.
  static func distance(_ a: String, _ b: String) -> Int {
    let x = Array(a.lowercased())
    let y = Array(b.lowercased())
    var row = Array(0...y.count)
    for i in x.indices {
      var previous = row[0]
      row[0] = i + 1
      for j in y.indices {
        let substituted = previous + (x[i] == y[j] ? 0 : 1)
        previous = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, previous + 1)
      }
    }
    return row[y.count]
  }
}
