internal import Apus
internal import ApusBuilder
internal import ApusONNX
internal import ApusRuntime
internal import ArgumentParser
internal import Foundation

struct BuildCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Compiles an ONNX model into an engine file.",
    discussion: """
      Flags are trtexec's, in upper or lower case.

      Examples:
        apus build --onnx=resnet50.onnx --saveEngine=resnet50.engine
        apus build --onnx=bert.onnx --saveEngine=bert.engine --optShapes=input_ids:1x128
        apus build --onnx=model.onnx --saveEngine=m.engine --timingCacheFile=timings.txt
      """)

  @OptionGroup var build: BuildFlags
  @Flag(help: "Prints the build report as JSON.") var json = false

  mutating func run() throws {
    guard let model = build.onnx else {
      throw ApusError(.invalidInput, "no model was given", hint: "add --onnx=model.onnx")
    }
    let (engine, report) = try Self.build(model, build, shapes: nil)
    if let path = build.saveEngine {
      try Compiler.save(engine, to: path)
      if !json { print("saved \(path)") }
    }
    print(json ? try ReportText.json(report) : ReportText.summary(report, verbose: build.verbose))
  }

  static func build(
    _ model: String, _ flags: BuildFlags, shapes: String?
  ) throws -> (Engine, BuildReport) {
    let imported = try Compiler.importModel(model)
    var options = try flags.options(shapes: shapes)
    let progress = Terminal.Progress()
    options.progress = { progress.report($0, $1, $2) }
    defer { progress.finish() }
    let result = try Compiler.build(imported.graph, options)
    return (result.engine, result.report)
  }
}

/// Build reports as text and JSON.
enum ReportText {
  static func summary(_ report: BuildReport, verbose: Bool) -> String {
    var lines: [String] = []
    let rows = report.passes.filter { verbose || $0.patches > 0 }.map {
      [
        $0.name, "\($0.patches)", "\($0.nodesBefore)", "\($0.nodesAfter)",
        Terminal.fixed($0.milliseconds, 1),
      ]
    }
    lines.append(Terminal.table(rows, header: ["pass", "patches", "nodes", "after", "ms"]))
    lines.append(
      "nodes \(report.nodesBefore) -> \(report.nodesAfter), launches \(report.launches), "
        + "weights \(Terminal.fixed(Double(report.weightBytes) / 1e6, 1)) MB, "
        + "built in \(Terminal.fixed(report.milliseconds / 1000, 2)) s")
    let reference = report.tactics.filter { $0.tactic == "evaluate" }
    if !reference.isEmpty {
      let names = Set(reference.map(\.operation)).sorted().joined(separator: ", ")
      lines.append("\(reference.count) nodes run on the reference evaluation: \(names)")
    }
    for line in report.rejected { lines.append("rejected: \(line)") }
    return lines.joined(separator: "\n")
  }

  static func json(_ report: BuildReport) throws -> String {
    let object: [String: Any] = [
      "nodesBefore": report.nodesBefore, "nodesAfter": report.nodesAfter,
      "launches": report.launches, "weightBytes": report.weightBytes,
      "milliseconds": report.milliseconds, "rejected": report.rejected,
      "passes": report.passes.map {
        [
          "name": $0.name, "patches": $0.patches, "nodesBefore": $0.nodesBefore,
          "nodesAfter": $0.nodesAfter, "milliseconds": $0.milliseconds,
        ] as [String: Any]
      },
      "tactics": report.tactics.map {
        [
          "node": $0.node, "operation": $0.operation, "tactic": $0.tactic,
          "microseconds": $0.microseconds as Any? ?? NSNull(),
        ] as [String: Any]
      },
    ]
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }
}
