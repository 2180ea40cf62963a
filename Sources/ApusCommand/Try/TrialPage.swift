internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusTensor

/// The page that `apus try` prints.
struct TrialPage {
  let path: String
  let check: ModelCheck
  /// nil where the model cannot run.
  var trial: Trial?

  init(path: String, check: ModelCheck) {
    self.path = path
    self.check = check
  }

  // MARK: Figures

  private struct OperationRow {
    var name: String
    var count: Int
    var kinds: String
    var onReference: Int
  }

  /// Optimised operations by what runs them, most frequent first.
  private var operations: [OperationRow] {
    guard let trial else { return [] }
    var rows: [String: [String: Int]] = [:]
    for layer in LayerInfo.rows(trial.plan) {
      let kind =
        switch layer.tactic {
        case "none": "no work"
        case "evaluate": "reference"
        case let name: String(name.prefix { $0 != "." })
        }
      rows[layer.operation, default: [:]][kind, default: 0] += 1
    }
    return rows.map { name, kinds in
      OperationRow(
        name: name, count: kinds.values.reduce(0, +),
        kinds: kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
          .map { kinds.count == 1 ? $0.key : "\($0.key) \($0.value)" }.joined(separator: ", "),
        onReference: kinds["reference"] ?? 0)
    }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  /// Operators of the model that keep it from running, with how many nodes have them.
  private var obstacles: [(name: String, count: Int)] {
    var counts: [String: Int] = [:]
    for node in check.nodes where node.state == .failed {
      let name = (node.domain.isEmpty ? "" : node.domain + ".") + node.operation
      counts[name, default: 0] += 1
    }
    return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
  }

  private var parameters: Int {
    check.graph.weights.values.reduce(0) {
      $1.tensor.element.isFloatingPoint ? $0 &+ $1.tensor.count : $0
    }
  }

  private var weightBytes: Int {
    check.graph.weights.values.reduce(0) { $0 &+ $1.tensor.storedByteCount }
  }

  private static func count(_ number: Int) -> String {
    switch number {
    case 1_000_000_000...: "\(Terminal.fixed(Double(number) / 1e9, 2)) billion"
    case 1_000_000...: "\(Terminal.fixed(Double(number) / 1e6, 1)) million"
    default: "\(number)"
    }
  }

  private var verdict: String {
    guard trial != nil else {
      let names = obstacles.prefix(8).map { "\($0.name) (\($0.count))" }.joined(separator: ", ")
      return "no" + (names.isEmpty ? "" : ": nodes in the way: \(names)")
    }
    let slow = operations.filter { $0.onReference > 0 }
    guard !slow.isEmpty else { return "yes, all on fast kernels" }
    let nodes = slow.reduce(0) { $0 + $1.onReference }
    return "yes; \(nodes) nodes run on the slow reference evaluation: "
      + slow.map(\.name).joined(separator: ", ")
  }

  /// Commands that follow from here.
  private var next: [String] {
    guard let trial else {
      return [
        "apus check \(path)",
        "apus surgeon extract \(path) --outputs NAME:auto -o part.onnx",
      ]
    }
    let engine = Self.engineName(path)
    let shapes = trial.inputs.map { "\($0.name):\($0.tensor.shape.dimensions)" }
      .joined(separator: ",")
    let open = trial.graph.inputs.contains { trial.graph.type($0).fixedShape == nil }
    let flag = shapes.isEmpty || !open ? "" : " --shapes=\(shapes)"
    return [
      "apus build --onnx=\(path) --saveEngine=\(engine)"
        + (flag.isEmpty ? "" : " --optShapes=\(shapes)"),
      "apus bench --loadEngine=\(engine)\(flag) --dumpProfile",
      "apus run \(engine) --inputs inputs/ --outputs outputs/",
      "apus compare \(path)" + flag.replacingEquals,
    ]
  }

  private static func engineName(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name + ".engine" }
    return name[..<dot] + ".engine"
  }

  // MARK: Text

  var text: String {
    let size = Models.fileSize(path).map { " (\(MemorySize.text($0)))" } ?? ""
    var lines = ["\(path)\(size)", "", "  Can it run   \(verdict)"]
    for input in check.graph.inputs {
      lines.append("  Input        \(check.graph[input].name): \(check.graph.valueType(input))")
    }
    for output in check.graph.outputs {
      lines.append("  Output       \(output.name): \(check.graph.valueType(output.value))")
    }
    lines.append(
      "  Parameters   \(Self.count(parameters)) (\(MemorySize.text(weightBytes)) of weights)")
    if let trial { lines += Self.lines(trial) }
    let rows = operations
    if !rows.isEmpty {
      lines.append("")
      lines += Terminal.table(
        rows.map { [$0.name, "\($0.count)", $0.kinds] }, header: ["operation", "nodes", "runs on"],
        left: [0, 2]
      ).split(separator: "\n").map { "  " + $0 }
    }
    let problems = check.findings.filter { $0.severity == .error || $0.severity == .unsupported }
    if !problems.isEmpty {
      lines.append("")
      lines += problems.prefix(10).map(\.description)
      if problems.count > 10 { lines.append("and \(problems.count - 10) more") }
    }
    lines += ["", "Next"] + next.map { "  " + $0 }
    return lines.joined(separator: "\n")
  }

  private static func lines(_ trial: Trial) -> [String] {
    let shapes = trial.inputs.map { "\($0.name) \($0.tensor.shape.dimensions)" }
      .joined(separator: ", ")
    let packed = trial.plan.choices.flatMap(\.packed.values).reduce(0) { $0 + $1.storedByteCount }
    var lines = ["  Tried at     \(shapes.isEmpty ? "no inputs" : shapes)"]
    lines.append(
      "  Memory       about "
        + MemorySize.text(trial.report.weightBytes + packed + trial.arenaBytes)
        + ": weights \(MemorySize.text(trial.report.weightBytes)), packed "
        + "\(MemorySize.text(packed)), activations \(MemorySize.text(trial.arenaBytes))")
    lines.append(
      "  Untuned      \(Terminal.fixed(trial.untuned.milliseconds)) ms "
        + "(median of \(trial.untuned.runs))")
    if let tuned = trial.tuned {
      var line = "  Tuned        \(Terminal.fixed(tuned.milliseconds)) ms (median of \(tuned.runs)"
      line += ", tuning took \(Terminal.fixed(trial.tuningSeconds, 1)) s"
      if trial.untimedRegions > 0 {
        line += ", \(trial.untimedRegions) layers were left untuned for time"
      }
      lines.append(line + ")")
    }
    for line in trial.rejected { lines.append("  Rejected     \(line)") }
    switch trial.agreement {
    case .compared(let rows):
      lines += rows.map { "  Agreement    \($0.name): \($0.description)" }
    case .skipped(let reason):
      lines.append("  Agreement    not compared: \(reason); apus compare does it all the same")
    }
    return lines
  }

  // MARK: JSON

  var json: JSON {
    var members: [String: JSON] = [
      "file": .text(path), "fileBytes": Models.fileSize(path).map(JSON.integer) ?? .null,
      "runs": .boolean(trial != nil), "parameters": .integer(parameters),
      "weightBytes": .integer(weightBytes), "next": .texts(next),
      "inputs": .list(
        check.graph.inputs.map {
          Self.value(check.graph[$0].name, "\(check.graph.valueType($0))")
        }),
      "outputs": .list(
        check.graph.outputs.map { Self.value($0.name, "\(check.graph.valueType($0.value))") }),
      "obstacles": .list(
        obstacles.map {
          .object(["operator": .text($0.name), "nodes": .integer($0.count)])
        }),
    ]
    if let trial { members["trial"] = json(trial) }
    return .object(members)
  }

  private static func value(_ name: String, _ type: String) -> JSON {
    .object(["name": .text(name), "type": .text(type)])
  }

  private func json(_ trial: Trial) -> JSON {
    func json(_ timing: Trial.Timing) -> JSON {
      .object(["milliseconds": .number(timing.milliseconds), "runs": .integer(timing.runs)])
    }
    var members: [String: JSON] = [
      "shapes": .object(
        Dictionary(
          trial.inputs.map { ($0.name, JSON.integers($0.tensor.shape)) },
          uniquingKeysWith: { $1 })),
      "packedBytes": .integer(
        trial.plan.choices.flatMap(\.packed.values).reduce(0) { $0 + $1.storedByteCount }),
      "activationBytes": .integer(trial.arenaBytes), "untuned": json(trial.untuned),
      "operations": .list(
        operations.map {
          .object([
            "operation": .text($0.name), "nodes": .integer($0.count), "runsOn": .text($0.kinds),
            "onReference": .integer($0.onReference),
          ])
        }),
      "rejected": .texts(trial.rejected),
    ]
    if let tuned = trial.tuned {
      members["tuned"] = json(tuned)
      members["tuningSeconds"] = .number(trial.tuningSeconds)
      members["untimedLayers"] = .integer(trial.untimedRegions)
    }
    switch trial.agreement {
    case .compared(let rows):
      members["agreement"] = .list(
        rows.map {
          .object([
            "output": .text($0.name), "agrees": .boolean($0.agrees),
            "comparison": .text($0.description),
          ])
        })
    case .skipped(let reason): members["notCompared"] = .text(reason)
    }
    return .object(members)
  }
}

extension String {
  /// The flag as `compare` spells it.
  fileprivate var replacingEquals: String {
    split(separator: "=", maxSplits: 1).joined(separator: " ")
  }
}
