internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct PolygraphyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polygraphy",
    abstract: "Accepts Polygraphy's spelling of what this program does as well.",
    discussion: """
      A link named polygraphy does the same. Understood are surgeon sanitize, extract and insert (as \
      apus surgeon), check lint (as apus check --json), inspect model, and run, which compares the \
      model as optimised with the reference evaluation (as apus compare). Flags that have no effect \
      are named, each with the reason.

      Examples:
        apus polygraphy surgeon sanitize model.onnx --fold-constants -o folded.onnx
        apus polygraphy inspect model model.onnx --show layers attrs weights
        ln -s $(which apus) polygraphy && ./polygraphy inspect model model.onnx --mode=basic
      """,
    subcommands: [PolygraphyInspect.self])
}

struct PolygraphyInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows an ONNX model as it lies in its file (inspect model).")

  @Argument(help: "An ONNX model.") var model: String
  @Option(help: "basic lists layers, full also attributes and weights, none neither.")
  var mode: String?
  @Option(parsing: .upToNextOption, help: "Any of layers, attrs and weights.")
  var show: [String] = []
  @Flag(
    name: .customLong("allowOutsideData"),
    help: "Reads weights from files outside of the model's folder, too.")
  var allowsOutsideData = false

  func run() throws {
    try Models.exists(model)
    var parts = Set<ModelListing.Part>()
    switch mode {
    case nil, "none": break
    case "basic": parts = [.layers]
    case "full": parts = [.layers, .attributes, .weights]
    case .some(let other):
      throw ApusError(
        .invalidInput, "--mode=\(other) is not known", hint: "basic, full and none are")
    }
    for word in show {
      switch word {
      case "layers": parts.insert(.layers)
      case "attrs": parts.insert(.attributes)
      case "weights": parts.insert(.weights)
      default:
        throw ApusError(
          .invalidInput, "--show \(word) is not known", hint: "layers, attrs and weights are")
      }
    }
    print("[I] Loading model: \(model)")
    var options = ImportOptions()
    options.allowExternalDataOutside = allowsOutsideData
    let listing = ModelListing(try Models.file(model, options), parts)
    print("[I] " + listing.text)
  }
}
