/// Writes samples in Prometheus' text format, version 0.0.4.
package struct MetricsWriter {
  package private(set) var text = ""

  package init() {}

  /// Begins a family; its samples follow.
  package mutating func begin(_ name: String, _ help: String?, _ type: String) {
    if let help { text += "# HELP \(name) \(help)\n" }
    text += "# TYPE \(name) \(type)\n"
  }

  package mutating func sample(_ name: String, _ labels: [(String, String)], _ value: UInt64) {
    line(name, labels, "\(value)")
  }

  package mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
    let text =
      value.isNaN ? "NaN" : value.isInfinite ? (value > 0 ? "+Inf" : "-Inf") : "\(value)"
    line(name, labels, text)
  }

  /// Buckets in seconds, their sum and count. Every fourth bound is written: doublings.
  package mutating func histogram(
    _ name: String, _ labels: [(String, String)], _ histogram: Histogram
  ) {
    var cumulative: UInt64 = 0
    for (index, bound) in Histogram.bounds.enumerated() {
      cumulative += histogram.counts[index]
      guard index % 4 == 0 else { continue }
      line(name + "_bucket", labels + [("le", "\(Double(bound) / 1e9)")], "\(cumulative)")
    }
    line(name + "_bucket", labels + [("le", "+Inf")], "\(histogram.total)")
    line(name + "_sum", labels, "\(Double(histogram.sum) / 1e9)")
    line(name + "_count", labels, "\(histogram.total)")
  }

  /// Buckets of given bounds in milliseconds, read off the finer ones, and their sum and count.
  mutating func histogram(
    _ name: String, _ labels: [(String, String)], _ histogram: Histogram, milliseconds: [Double]
  ) {
    for bound in milliseconds.sorted() {
      var cumulative: UInt64 = 0
      for (index, fine) in Histogram.bounds.enumerated() where Double(fine) <= bound * 1e6 {
        cumulative += histogram.counts[index]
      }
      line(name + "_bucket", labels + [("le", "\(bound)")], "\(cumulative)")
    }
    line(name + "_bucket", labels + [("le", "+Inf")], "\(histogram.total)")
    line(name + "_sum", labels, "\(Double(histogram.sum) / 1e6)")
    line(name + "_count", labels, "\(histogram.total)")
  }

  private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
    text += name
    if !labels.isEmpty {
      text += "{"
      for (index, (key, value)) in labels.enumerated() {
        if index > 0 { text += "," }
        text += key + "=\"" + Self.escaped(value) + "\""
      }
      text += "}"
    }
    text += " " + value + "\n"
  }

  private static func escaped(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 == 0x22 || $0 == 0x5C || $0 == 0x0A }) else {
      return value
    }
    var text = ""
    for character in value.unicodeScalars {
      switch character {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(character)
      }
    }
    return text
  }
}
