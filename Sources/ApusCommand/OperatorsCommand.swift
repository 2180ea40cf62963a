internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct OperatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "Lists the ONNX operators that models may use.",
    discussion: """
      docs/operators.md says which element types each takes and which have kernels of their own. \
      Exit code: 0 where every NAME is known, 3 where one is not.

      Examples:
        apus operators
        apus operators Conv Attention
        apus operators --domain com.microsoft --json
      """)

  @Argument(help: "Operators to look up; all where none is given.") var names: [String] = []
  @Option(help: "Only operators of this domain; ai.onnx is ONNX's own.") var domain: String?
  @OptionGroup var plugins: PluginFlags
  @Flag(help: "Prints JSON.") var json = false

  func run() throws {
    try plugins.load()
    let known = ONNXImporter.knownOperators.filter { entry in
      (domain.map { $0 == entry.domain || ($0 == "ai.onnx" && entry.domain.isEmpty) } ?? true)
        && (names.isEmpty || names.contains(entry.name))
    }
    if json {
      print(
        JSON.list(
          known.map {
            .object([
              "domain": .text($0.domain), "name": .text($0.name), "since": .integer($0.since),
              "custom": .boolean($0.isCustom),
            ])
          }))
    } else {
      for entry in known {
        let domain = entry.domain.isEmpty ? "ai.onnx" : entry.domain
        let custom = entry.isCustom ? ", custom" : ""
        print("\(domain).\(entry.name) since opset \(entry.since)\(custom)")
      }
    }
    let missing = names.filter { name in !known.contains { $0.name == name } }
    guard missing.isEmpty else {
      throw ApusError(
        .unsupported, "no operator is called \(missing.joined(separator: ", "))",
        hint: "--plugins=LIBRARY.so supplies operators of your own: docs/custom-operators.md")
    }
  }
}
