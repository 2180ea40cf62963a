internal import ApusIR
internal import ApusTensor

/// Values of a run by name, up to a limit of memory.
struct Recording {
  static let limit = 4 << 30

  private var values: [String: HostTensor] = [:]
  private var byteCount = 0
  private(set) var isIncomplete = false

  mutating func add(_ graph: Graph, _ node: Node, _ results: [HostTensor]) {
    for (value, tensor) in zip(node.results, results) {
      let name = graph[value].name
      if name.isEmpty || values[name] != nil { continue }
      guard byteCount + tensor.storedByteCount <= Self.limit else {
        isIncomplete = true
        continue
      }
      byteCount += tensor.storedByteCount
      values[name] = tensor
    }
  }

  subscript(name: String) -> HostTensor? { values[name] }
}

/// Comparisons of values in the order in which they were computed.
struct ValueComparisons {
  struct Row {
    let value: String
    let node: String
    let operation: String
    let comparison: Comparison
  }

  let tolerance: Comparison.Tolerance
  private(set) var rows: [Row] = []
  private(set) var outputs: [(name: String, comparison: Comparison)] = []
  /// Values that have no counterpart of their type.
  private(set) var skipped = 0
  /// The first node that computed a NaN or an infinity.
  private(set) var firstNonFinite: Row?

  init(tolerance: Comparison.Tolerance) { self.tolerance = tolerance }

  mutating func add(
    _ graph: Graph, _ node: Node, _ results: [HostTensor], _ expected: Recording
  ) {
    for (value, tensor) in zip(node.results, results) {
      let name = graph[value].name
      guard let want = expected[name], want.element == tensor.element, want.shape == tensor.shape
      else {
        skipped += 1
        continue
      }
      let row = Row(
        value: name, node: node.name, operation: node.operation.name,
        comparison: Comparison(found: tensor, expected: want, tolerance: tolerance))
      rows.append(row)
      if firstNonFinite == nil, row.comparison.foundNonFinite > 0 { firstNonFinite = row }
    }
  }

  mutating func addOutput(_ name: String, _ found: HostTensor, _ expected: HostTensor) {
    outputs.append(
      (name, Comparison(found: found, expected: expected, tolerance: tolerance)))
  }

  var outputsAgree: Bool { outputs.allSatisfy(\.comparison.agrees) }
  var firstDivergence: Row? { rows.first { !$0.comparison.agrees } }

  /// The rows with the largest errors in proportion to their values.
  private func worst(_ count: Int) -> [Row] {
    Array(
      rows.sorted { Self.relative($0.comparison) > Self.relative($1.comparison) }
        .prefix(max(count, 0)))
  }

  private static func relative(_ comparison: Comparison) -> Double {
    comparison.largestDifference / max(comparison.scale, .leastNormalMagnitude)
  }

  func text(_ names: (String, String), rows count: Int) -> String {
    var lines = ["A  \(names.0)", "B  \(names.1)"]
    lines.append("\(rows.count) values compared, \(skipped) have no counterpart")
    if !rows.isEmpty, count > 0 {
      lines += ["", "Largest differences"]
      lines.append(
        Terminal.table(
          worst(count).map { row in
            [
              row.operation, row.value, Terminal.general(row.comparison.largestDifference),
              Terminal.general(Self.relative(row.comparison)),
              Terminal.general(row.comparison.meanDifference),
              "\(row.comparison.outside)/\(row.comparison.count)",
            ]
          },
          header: ["operation", "value", "max", "max/scale", "mean", "outside"], left: [0, 1]))
    }
    lines.append("")
    if let row = firstDivergence {
      lines.append(
        "first diverging node: '\(row.node)' (\(row.operation)), value '\(row.value)': "
          + row.comparison.description)
    } else {
      lines.append("no node diverges")
    }
    if let row = firstNonFinite {
      lines.append(
        "first NaN or infinity: '\(row.node)' (\(row.operation)), value '\(row.value)': "
          + "\(row.comparison.foundNonFinite) in A, \(row.comparison.expectedNonFinite) in B")
    } else {
      lines.append("no NaN or infinity")
    }
    lines.append("")
    lines += outputs.map { "output '\($0.name)': \($0.comparison)" }
    return lines.joined(separator: "\n")
  }

  func json(_ names: (String, String)) -> JSON {
    func object(_ row: Row) -> JSON {
      .object(
        row.comparison.json.merging([
          "value": .text(row.value), "node": .text(row.node), "operation": .text(row.operation),
        ]) { $1 })
    }
    return .object([
      "a": .text(names.0), "b": .text(names.1), "skipped": .integer(skipped),
      "values": .list(rows.map(object)),
      "firstDivergence": firstDivergence.map(object) ?? .null,
      "firstNonFinite": firstNonFinite.map(object) ?? .null,
      "outputs": .list(
        outputs.map { .object($0.comparison.json.merging(["name": .text($0.name)]) { $1 }) }),
    ])
  }
}
