internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Says everything that is wrong with a model, node by node.",
    discussion: """
      Checking goes on behind an error; nodes whose operands an earlier error left without meaning \
      are listed as not checked.
      Exit code: 0 the model can be imported, 2 it breaks a rule of ONNX, 3 it is valid and something \
      in it is not supported.

      Examples:
        apus check model.onnx
        apus check model.onnx --json > findings.json
      """)

  @Argument(help: "An ONNX model.") var model: String
  @OptionGroup var limits: ReadingLimitFlags
  @OptionGroup var plugins: PluginFlags
  @Flag(help: "Leaves warnings and notes out.") var quiet = false
  @Flag(help: "Prints the findings as JSON.") var json = false

  func run() throws {
    try plugins.load()
    try Models.exists(model)
    let options = try limits.importOptions()
    let check = ModelCheck(try Models.file(model, options), options: options)
    let shown = check.findings.filter {
      !quiet || $0.severity == .error || $0.severity == .unsupported
    }
    if json {
      print(CheckText.json(check, shown))
    } else {
      for finding in shown { print(finding) }
      for line in CheckText.unchecked(check) { print(line) }
      print("\(model): \(CheckText.summary(check))")
    }
    guard !check.hasErrors else {
      throw ApusError(.invalidInput, "the model breaks rules of ONNX", location: model)
    }
    guard !check.hasUnsupported else {
      throw ApusError(.unsupported, "the model needs what is not supported", location: model)
    }
  }
}

/// A check's findings as text and JSON.
enum CheckText {
  static func unchecked(_ check: ModelCheck, limit: Int = 20) -> [String] {
    var lines = check.unchecked.prefix(limit).map {
      "not checked: node '\($0.node)' (\($0.operation))"
        + ($0.values.isEmpty
          ? "" : ": it reads " + $0.values.map { "'\($0)'" }.joined(separator: ", "))
    }
    if check.unchecked.count > limit {
      lines.append("not checked: \(check.unchecked.count - limit) more nodes; --json lists them")
    }
    return lines
  }

  static func summary(_ check: ModelCheck) -> String {
    var parts: [String] = []
    for (severity, one, many) in [
      (Finding.Severity.error, "error", "errors"),
      (.unsupported, "thing not supported", "things not supported"),
      (.warning, "warning", "warnings"), (.note, "note", "notes"),
    ] {
      let count = check.findings.count { $0.severity == severity }
      if count > 0 { parts.append("\(count) \(count == 1 ? one : many)") }
    }
    let failed = check.nodes.count { $0.state == .failed }
    let head =
      "\(check.nodes.count) nodes, \(check.nodes.count - failed - check.unchecked.count) fine"
    let tail = check.unchecked.isEmpty ? [] : ["\(check.unchecked.count) not checked"]
    return ([head] + tail + (parts.isEmpty ? ["nothing to say"] : parts)).joined(separator: ", ")
  }

  static func json(_ check: ModelCheck, _ findings: [Finding]) -> JSON {
    .object([
      "nodes": .integer(check.nodes.count),
      "errors": .integer(check.findings.count { $0.severity == .error }),
      "unsupported": .integer(check.findings.count { $0.severity == .unsupported }),
      "warnings": .integer(check.findings.count { $0.severity == .warning }),
      "notes": .integer(check.findings.count { $0.severity == .note }),
      "findings": .list(findings.map(json)),
      "notChecked": .list(
        check.unchecked.map {
          .object([
            "node": .text($0.node), "operator": .text($0.operation), "values": .texts($0.values),
          ])
        }),
    ])
  }

  private static func json(_ finding: Finding) -> JSON {
    var members: [String: JSON] = [
      "severity": .text(finding.severity.rawValue), "code": .text(finding.code.rawValue),
      "text": .text(finding.text),
    ]
    members["node"] = finding.node.map(JSON.text)
    members["operator"] = finding.operation.map(JSON.text)
    members["domain"] = finding.domain.map(JSON.text)
    members["opset"] = finding.opset.map(JSON.integer)
    members["subject"] = finding.subject.map(JSON.text)
    members["hint"] = finding.hint.map(JSON.text)
    return .object(members)
  }
}
