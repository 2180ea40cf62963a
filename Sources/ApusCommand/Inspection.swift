internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusTensor

/// A model or an engine looked into: the graph it came from and the plan that runs.
struct Inspection {
  let path: String
  let kind: String
  /// What the file says about itself.
  let details: [(name: String, value: String)]
  let source: Graph
  let plan: Plan
  let report: BuildReport?
  /// Checks the file's own checksums.
  let checkFile: () throws(ApusError) -> Void

  // MARK: Figures

  /// What a graph costs.
  struct Figures {
    var nodes: Int
    /// Nodes that do something at run time.
    var launches: Int
    var weightBytes: Int
    /// Bytes written by all nodes; nil where shapes are open.
    var activationBytes: Int?

    init(_ graph: Graph) {
      nodes = graph.order.count
      launches = graph.nodes.count { !$0.isFree }
      weightBytes = graph.weights.values.reduce(0) { $0 + $1.tensor.storedByteCount }
      var bytes: Int? = 0
      for node in graph.nodes where !node.isFree {
        for result in node.results {
          guard let sum = bytes, let more = graph.type(result).byteCount else {
            bytes = nil
            break
          }
          let total = sum.addingReportingOverflow(more)
          bytes = total.overflow ? nil : total.partialValue
        }
      }
      activationBytes = bytes
    }

    var json: JSON {
      .object([
        "nodes": .integer(nodes), "launches": .integer(launches),
        "weightBytes": .integer(weightBytes),
        "activationBytes": activationBytes.map(JSON.integer) ?? .null,
      ])
    }
  }

  /// Operations by how many nodes have them, most first.
  static func histogram(_ graph: Graph) -> [(name: String, count: Int)] {
    var counts: [String: Int] = [:]
    for node in graph.nodes { counts[node.operation.name, default: 0] += 1 }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { (name: $0.key, count: $0.value) }
  }

  private var packedBytes: Int {
    plan.choices[0].packed.values.reduce(0) { $0 + $1.storedByteCount }
  }

  // MARK: Text

  var overview: [String] {
    let size = Models.fileSize(path).map { " (\(MemorySize.text($0)))" } ?? ""
    var lines = ["\(path)\(size)"]
    lines += details.map { "  \(pad($0.name)) \($0.value)" }
    lines += source.inputs.map { "  \(pad("Input")) \(source[$0].name): \(source.type($0))" }
    lines += source.outputs.map { "  \(pad("Output")) \($0.name): \(source.type($0.value))" }
    for (index, profile) in plan.profiles.enumerated() {
      let ranges = profile.inputs.sorted { $0.key < $1.key }.map {
        "\($0.key) \($0.value.minimum.dimensions)..\($0.value.optimum.dimensions).."
          + $0.value.maximum.dimensions
      }
      lines.append("  \(pad("Profile \(index)")) \(ranges.joined(separator: ", "))")
    }
    let before = Figures(source)
    let after = Figures(plan.graph)
    let reference = LayerInfo.rows(plan).filter { $0.tactic == "evaluate" }
    lines.append("")
    lines.append("                    source    optimised")
    lines.append(row("nodes", "\(before.nodes)", "\(after.nodes)"))
    lines.append(row("launches", "\(before.launches)", "\(after.launches)"))
    lines.append(
      row("weights", MemorySize.text(before.weightBytes), MemorySize.text(after.weightBytes)))
    if let a = before.activationBytes, let b = after.activationBytes {
      lines.append(row("values written", MemorySize.text(a), MemorySize.text(b)))
    }
    lines.append(row("packed weights", "", MemorySize.text(packedBytes)))
    lines.append("")
    lines.append("Operations  " + histogramText(plan.graph))
    if !reference.isEmpty {
      let names = Set(reference.map(\.operation)).sorted().joined(separator: ", ")
      lines.append("\(reference.count) layers run on the reference evaluation: \(names)")
    }
    return lines
  }

  private func pad(_ text: String) -> String {
    text + String(repeating: " ", count: max(0, 10 - text.count))
  }

  private func row(_ name: String, _ before: String, _ after: String) -> String {
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return "  \(name)" + right(before, 24 - name.count) + right(after, 13)
  }

  private func histogramText(_ graph: Graph) -> String {
    Self.histogram(graph).map { "\($0.count) \($0.name)" }.joined(separator: ", ")
  }

  var layerTable: String {
    let rows = LayerInfo.rows(plan).map { layer in
      [
        layer.operation, layer.tactic, layer.outputs.map(\.type).joined(separator: ", "),
        layer.name,
      ]
    }
    return Terminal.table(
      rows, header: ["operation", "tactic", "results", "name"], left: [0, 1, 2, 3])
  }

  var weightTable: String {
    let rows = weights.map {
      ["\($0.tensor.type)", MemorySize.text($0.tensor.storedByteCount), $0.name]
    }
    return Terminal.table(rows, header: ["type", "bytes", "name"], left: [0, 2])
  }

  private var weights: [Weight] { source.weights.sorted { $0.key < $1.key }.map(\.value) }

  // MARK: Checks

  /// Checks everything and says what was checked.
  func verify() throws(ApusError) -> [String] {
    var checks: [String] = []
    try checkFile()
    if kind == "engine" { checks.append("checksums") }
    for (name, graph) in [("source graph", source), ("optimised graph", plan.graph)] {
      do { try graph.verify() } catch {
        throw ApusError(.invalidInput, "\(name): \(error)", location: path)
      }
      checks.append("\(name) (\(graph.order.count) nodes)")
    }
    return checks
  }

  // MARK: JSON

  func json(layers: Bool, weights: Bool, passes: Bool, checks: [String]) -> JSON {
    var members: [String: JSON] = [
      "file": .text(path), "kind": .text(kind),
      "fileBytes": Models.fileSize(path).map(JSON.integer) ?? .null,
      "details": .object(
        Dictionary(details.map { ($0.name, JSON.text($0.value)) }, uniquingKeysWith: { $1 })),
      "inputs": .list(source.inputs.map { value(source[$0].name, source.type($0)) }),
      "outputs": .list(source.outputs.map { value($0.name, source.type($0.value)) }),
      "source": Figures(source).json, "optimised": Figures(plan.graph).json,
      "packedBytes": .integer(packedBytes),
      "operations": .object(
        Dictionary(
          Self.histogram(plan.graph).map { ($0.name, JSON.integer($0.count)) },
          uniquingKeysWith: { $1 })),
    ]
    members["profiles"] = .list(
      plan.profiles.map { profile in
        .object(
          profile.inputs.mapValues {
            .object([
              "min": .integers($0.minimum), "opt": .integers($0.optimum),
              "max": .integers($0.maximum),
            ])
          })
      })
    if layers { members["layers"] = .list(LayerInfo.rows(plan).map(\.json)) }
    if weights {
      members["weights"] = .list(
        self.weights.map {
          .object([
            "name": .text($0.name), "type": .text("\($0.tensor.type)"),
            "bytes": .integer($0.tensor.storedByteCount),
          ])
        })
    }
    if passes, let report { members["passes"] = ReportText.passes(report) }
    if !checks.isEmpty { members["verified"] = .texts(checks) }
    return .object(members)
  }

  private func value(_ name: String, _ type: TensorType) -> JSON {
    .object([
      "name": .text(name), "element": .text(type.element.name), "shape": .text("\(type.shape)"),
    ])
  }
}
