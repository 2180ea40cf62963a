internal import ApusBuilder

/// Build reports as text and JSON.
enum ReportText {
  static func summary(_ report: BuildReport, verbose: Bool) -> String {
    var lines: [String] = []
    if let table = passes(report, all: verbose) { lines.append(table) }
    lines.append(
      "nodes \(report.nodesBefore) -> \(report.nodesAfter), launches \(report.launches), "
        + "weights \(MemorySize.text(report.weightBytes)), "
        + "built in \(Terminal.fixed(report.milliseconds / 1000, 2)) s")
    let reference = report.tactics.filter { $0.tactic == "evaluate" }
    if !reference.isEmpty {
      let names = Set(reference.map(\.operation)).sorted().joined(separator: ", ")
      lines.append("\(reference.count) nodes run on the reference evaluation: \(names)")
    }
    for line in report.rejected { lines.append("rejected: \(line)") }
    return lines.joined(separator: "\n")
  }

  /// One line a pass; nil where there is none to show.
  static func passes(_ report: BuildReport, all: Bool) -> String? {
    let rows = report.passes.filter { all || $0.patches > 0 }.map {
      [
        $0.name, "\($0.patches)", "\($0.nodesBefore)", "\($0.nodesAfter)",
        Terminal.fixed($0.milliseconds, 1),
      ]
    }
    guard !rows.isEmpty else { return nil }
    return Terminal.table(rows, header: ["pass", "patches", "nodes", "after", "ms"])
  }

  static func json(_ report: BuildReport) -> JSON {
    .object([
      "nodesBefore": .integer(report.nodesBefore), "nodesAfter": .integer(report.nodesAfter),
      "launches": .integer(report.launches), "weightBytes": .integer(report.weightBytes),
      "milliseconds": .number(report.milliseconds), "rejected": .texts(report.rejected),
      "passes": passes(report),
      "tactics": .list(
        report.tactics.map {
          .object([
            "node": .text($0.node), "operation": .text($0.operation), "tactic": .text($0.tactic),
            "microseconds": $0.microseconds.map(JSON.number) ?? .null,
          ])
        }),
    ])
  }

  static func passes(_ report: BuildReport) -> JSON {
    .list(
      report.passes.map {
        .object([
          "name": .text($0.name), "patches": .integer($0.patches),
          "nodesBefore": .integer($0.nodesBefore), "nodesAfter": .integer($0.nodesAfter),
          "milliseconds": .number($0.milliseconds),
        ])
      })
  }
}
