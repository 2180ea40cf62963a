internal import CApusPlatform
internal import Foundation

/// Output for people: progress on a terminal, nothing of it in a pipe.
enum Terminal {
  static var isInteractive: Bool { apus_is_terminal(2) }

  static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Redraws one line with phase, percentage and the time left; nothing in a pipe.
  struct Progress {
    private let start = apus_clock_monotonic()

    func report(_ phase: String, _ done: Int, _ total: Int) {
      guard Terminal.isInteractive else { return }
      let elapsed = Double(apus_clock_monotonic() - start) / 1e9
      guard elapsed > 0.5 else { return }
      let fraction = total > 0 ? Double(done) / Double(total) : 0
      let left = fraction > 0.02 ? elapsed / fraction - elapsed : 0
      let percent = Int(fraction * 100)
      let text = "\r\u{1B}[K\(phase) \(percent) %  \(done)/\(total)  about \(Int(left)) s left"
      FileHandle.standardError.write(Data(text.utf8))
    }

    func finish() {
      if Terminal.isInteractive { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
  }

  /// Rows as a table whose columns line up; numbers to the right.
  static func table(_ rows: [[String]], header: [String]) -> String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      row.enumerated().map { index, cell in
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        return index == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  static func fixed(_ value: Double, _ digits: Int = 3) -> String {
    String(format: "%.\(digits)f", value)
  }
}
