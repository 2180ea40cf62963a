internal import CApusPlatform
internal import Foundation
internal import Synchronization

/// Output for people.
package enum Terminal {
  /// Whether progress is worth drawing.
  static var isInteractive: Bool { apus_is_terminal(2) }

  static func error(_ text: String) { write(text + "\n") }

  fileprivate static func write(_ text: String) {
    // Keeps the order of lines where both streams end in one place.
    fflush(nil)
    FileHandle.standardError.write(Data(text.utf8))
  }

  /// Rows as a table whose columns line up; all but the first to the right.
  package static func table(_ rows: [[String]], header: [String], left: Set<Int> = [0]) -> String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (index, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        line += (index > 0 ? "  " : "") + (left.contains(index) ? cell + padding : padding + cell)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }

  package static func fixed(_ value: Double, _ digits: Int = 3) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// Six significant digits, as C++ streams print.
  package static func general(_ value: Double) -> String { String(format: "%g", value) }

  static func padded(_ value: Int, _ width: Int) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// One line with phase, percentage and time left, redrawn while work goes on for over a second;
/// nothing of it in a pipe.
final class Progress: Sendable {
  private struct State {
    var phase = ""
    var phaseStart: UInt64 = 0
    var lastDrawn: UInt64 = 0
    var isVisible = false
  }

  private let start = apus_clock_monotonic()
  private let isShown = Terminal.isInteractive
  private let state = Mutex(State())

  /// Nanoseconds before the first line and between two.
  private static let patience: UInt64 = 1_000_000_000
  private static let interval: UInt64 = 100_000_000

  func report(_ phase: String, _ done: Int, _ total: Int) {
    guard isShown else { return }
    let now = apus_clock_monotonic()
    state.withLock { state in
      if state.phase != phase {
        state.phase = phase
        state.phaseStart = now
      }
      guard now - start > Self.patience, now - state.lastDrawn > Self.interval else { return }
      state.lastDrawn = now
      state.isVisible = true
      Terminal.write(
        "\r\u{1B}[K"
          + Self.line(phase, done, total, seconds: Double(now - state.phaseStart) / 1e9))
    }
  }

  static func line(_ phase: String, _ done: Int, _ total: Int, seconds: Double) -> String {
    guard total > 0 else { return phase }
    let fraction = min(Double(done) / Double(total), 1)
    var text = "\(phase): \(Int(fraction * 100)) % (\(done) of \(total))"
    if fraction > 0.02, seconds > 0.5 {
      text += ", about \(Int((seconds / fraction - seconds).rounded(.up))) s left"
    }
    return text
  }

  /// Removes the line.
  func finish() {
    state.withLock { state in
      if state.isVisible { Terminal.write("\r\u{1B}[K") }
      state.isVisible = false
    }
  }
}
