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
    lines += verification(report, verbose: verbose)
    for tactic in report.rejected { lines.append("rejected: \(tactic)") }
    return lines.joined(separator: "\n")
  }

  /// How far tactics were verified: a count of each kind, every region where `verbose`.
  private static func verification(_ report: BuildReport, verbose: Bool) -> [String] {
    guard report.level > 0 else {
      return ["level 0: each region took the first tactic offered; none was verified or timed"]
    }
    var full = 0
    var sampled = 0
    var defined = 0
    var reasons: [String: Int] = [:]
    for region in report.regions {
      switch region.verification {
      case .full, .reduced: full += 1
      case .samples: sampled += 1
      case .reference: defined += 1
      case .none(let reason): reasons[reason, default: 0] += 1
      }
    }
    var parts = ["\(full) in full", "\(sampled) by samples"]
    if defined > 0 { parts.append("\(defined) evaluated by definition") }
    for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
      parts.append("\(count) not verified (\(reason))")
    }
    var lines = [
      "verified \(report.regions.count) kinds of region: " + parts.joined(separator: ", ")
    ]
    if verbose {
      lines += report.regions.map { region in
        let others = region.uses > 1 ? " and \(region.uses - 1) alike" : ""
        return "  \(region.operation) '\(region.node)'\(others): \(region.tactic), "
          + "\(region.verification)"
      }
    }
    return lines
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
      "milliseconds": .number(report.milliseconds), "level": .integer(report.level),
      "regions": .list(report.regions.map(region)),
      "rejected": .list(report.rejected.map(rejected)),
      "passes": passes(report),
      "tactics": .list(
        report.tactics.map {
          .object([
            "node": .text($0.node), "operation": .text($0.operation), "tactic": .text($0.tactic),
            "microseconds": $0.microseconds.map(JSON.number) ?? .null,
            "profiles": .integers($0.profiles),
          ])
        }),
    ])
  }

  private static func region(_ region: RegionSummary) -> JSON {
    var members: [String: JSON] = [
      "signature": .text(region.signature), "operation": .text(region.operation),
      "node": .text(region.node), "uses": .integer(region.uses), "tactic": .text(region.tactic),
    ]
    let kind: String
    switch region.verification {
    case .full(let elements):
      kind = "full"
      members["elements"] = .integer(elements)
    case .reduced(let elements):
      kind = "fullAtSmallerShapes"
      members["elements"] = .integer(elements)
    case .samples(let count, let total):
      kind = "samples"
      members["samples"] = .integer(count)
      members["elements"] = .integer(total)
    case .reference: kind = "reference"
    case .none(let reason):
      kind = "none"
      members["reason"] = .text(reason)
    }
    members["verification"] = .text(kind)
    return .object(members)
  }

  private static func rejected(_ tactic: RejectedTactic) -> JSON {
    .object([
      "node": .text(tactic.node), "operation": .text(tactic.operation),
      "tactic": .text(tactic.tactic), "reason": .text(tactic.reason),
      "coordinates": tactic.coordinates.map { .integers($0) } ?? .null,
      "found": tactic.found.map(JSON.number) ?? .null,
      "expected": tactic.expected.map(JSON.number) ?? .null,
      "tolerance": tactic.tolerance.map(JSON.number) ?? .null,
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
