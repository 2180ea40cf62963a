internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ArgumentParser

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a model or an engine holds and what the optimiser does to it.",
    discussion: """
      Examples:
        apus inspect model.onnx
        apus inspect model.onnx --passes --layers
        apus inspect model.engine --weights --verify
        apus inspect model.engine --json
        apus inspect model.onnx --text > model.txt
      """)

  @Argument(help: "An ONNX model or an engine.") var model: String
  @OptionGroup var limits: ReadingLimitFlags
  @OptionGroup var plugins: PluginFlags
  @Flag(help: "Lists the layers that run, with their tactics.") var layers = false
  @Flag(help: "Lists the weights of the source graph.") var weights = false
  @Flag(help: "Lists what every optimiser pass did.") var passes = false
  @Flag(help: "Checks the graphs, and an engine's checksums.") var verify = false
  @Flag(help: "Prints everything as JSON.") var json = false
  @Flag(help: "Prints the optimised graph in its textual form and nothing else.")
  var text = false

  func run() throws {
    try plugins.load()
    try Models.exists(model)
    let inspection =
      Compiler.isEngineFile(model) ? try inspectEngine() : try inspectModel()
    if text {
      print(inspection.plan.graph.description)
      return
    }
    let checks = verify ? try inspection.verify() : []
    if json {
      print(inspection.json(layers: layers, weights: weights, passes: passes, checks: checks))
      return
    }
    for line in inspection.overview { print(line) }
    if passes {
      print("\nPasses")
      print(inspection.report.flatMap { ReportText.passes($0, all: true) } ?? "none")
    }
    if layers { print("\nLayers\n\(inspection.layerTable)") }
    if weights { print("\nWeights\n\(inspection.weightTable)") }
    if verify { print("\nVerified: \(checks.joined(separator: ", "))") }
  }

  private func inspectModel() throws -> Inspection {
    let imported = try Models.onnx(model, limits)
    let built = try Models.build(imported.graph, threads: 0)
    let opsets = imported.opsets.sorted { $0.key < $1.key }
      .map { $0.key.isEmpty ? "opset \($0.value)" : "\($0.key) \($0.value)" }
    var details = [("Format", "ONNX, IR version \(imported.irVersion), ")]
    details[0].1 += opsets.joined(separator: ", ")
    if !imported.producer.isEmpty { details.append(("Producer", imported.producer)) }
    return Inspection(
      path: model, kind: "model", details: details, source: imported.graph,
      plan: built.engine.plan, report: built.report, checkFile: {})
  }

  private func inspectEngine() throws -> Inspection {
    let reader = try Compiler.read(model)
    let contents = reader.contents
    // Engines do not keep what passes did; building their graph again tells.
    let report = passes ? try Models.build(contents.source, threads: 0).report : nil
    return Inspection(
      path: model, kind: "engine",
      details: [
        ("Format", "Apus engine, version \(EngineFile.formatVersion)"),
        ("Producer", contents.producer), ("Built for", contents.target),
      ],
      source: contents.source, plan: contents.plan, report: report
    ) { () throws(ApusError) in
      do throws(EngineFileError) { try reader.verify() } catch {
        throw ApusError(.invalidInput, error.description, location: model)
      }
    }
  }
}
