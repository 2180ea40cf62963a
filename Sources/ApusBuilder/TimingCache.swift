internal import ApusEngine
internal import ApusTensor

/// Measured times by region signature and tactic, losers included, kept in a text file of
/// tab-separated lines. Entries of other machines are kept and not used.
struct TimingCache {
  private let path: String?
  private let machine: String
  private var lines: [String: Double] = [:]
  private var changed = false

  private static let header = "apus timing cache 0"

  init(path: String?, machine: String) {
    self.path = path
    self.machine = machine
    guard let path, let file = try? MappedFile(path: path) else { return }
    let text = String(decoding: file.range.array, as: UTF8.self)
    var rows = text.split(separator: "\n")
    guard rows.first.map(String.init) == Self.header else { return }
    rows.removeFirst()
    for row in rows {
      guard let tab = row.lastIndex(of: "\t"), let time = Double(row[row.index(after: tab)...]),
        time.isFinite, time >= 0
      else { continue }
      lines[String(row[..<tab])] = time
    }
  }

  private func key(_ signature: String, _ tactic: Tactic) -> String {
    "\(machine)\t\(tactic.source)/\(tactic.name)/\(tactic.version)\t\(signature)"
  }

  func find(_ signature: String, _ tactic: Tactic) -> Double? { lines[key(signature, tactic)] }

  mutating func insert(_ signature: String, _ tactic: Tactic, _ microseconds: Double) {
    guard path != nil else { return }
    lines[key(signature, tactic)] = microseconds
    changed = true
  }

  /// Writes the file anew where anything was added; a cache that cannot be written costs only time.
  func save() {
    guard let path, changed else { return }
    var text = Self.header + "\n"
    for (key, time) in lines.sorted(by: { $0.key < $1.key }) { text += "\(key)\t\(time)\n" }
    try? FileSystem.write(Array(text.utf8), to: path)
  }
}
