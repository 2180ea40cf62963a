internal import Apus
internal import ApusONNX
internal import ArgumentParser

struct SurgeonSanitize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sanitize",
    abstract: "Folds constants, cleans up, sorts nodes, overrides input shapes.",
    discussion: """
      Folding evaluates nodes that depend on constants only and makes their values initializers, and \
      so integers that follow from the inputs' shapes. Bodies of If, Loop and Scan and quantisation \
      nodes stay.

      Examples:
        apus surgeon sanitize model.onnx --fold-constants -o folded.onnx
        apus surgeon sanitize model.onnx --override-input-shapes ids:[1,128] --fold-constants \
      --cleanup -o fixed.onnx
        apus surgeon sanitize model.onnxtxt -o model.onnx
      """)

  @Argument(help: "The model.") var model: String
  @Flag(help: "Folds constants.") var foldConstants = false
  @Option(help: "Values of more bytes are not folded (K, M and G may stand behind).")
  var foldSizeThreshold = "16M"
  @Flag(help: "Leaves what follows from shapes alone.") var noFoldShapes = false
  @Option(
    name: [.customLong("num-passes")], help: "The most rounds of folding.")
  var numPasses = 8
  @Flag(help: "Removes nodes and initializers that no output depends on.") var cleanup = false
  @Flag(help: "Puts every node behind those that it reads from.") var toposort = false
  @Option(
    parsing: .upToNextOption, help: "New shapes of inputs, as NAME:[1,128]; names may be symbols.")
  var overrideInputShapes: [String] = []
  @OptionGroup var flags: SurgeonFlags

  func run() throws {
    var options = FoldOptions()
    options.sizeThreshold = try ByteSize.parse(foldSizeThreshold, "--fold-size-threshold")
    options.foldsShapes = !noFoldShapes
    options.roundLimit = max(numPasses, 1)
    var file = try SurgeonFile(model, flags)
    if toposort {
      let moved = try file.edit { (editor) throws(ImportError) in
        try editor.sortTopologically()
      }
      file.report("\(moved) nodes moved")
      file.report("movedNodes", .integer(moved))
    }
    if !overrideInputShapes.isEmpty {
      let items = try ValueNotation.parse(overrideInputShapes)
      for item in items where item.shape == nil {
        throw ApusError(
          .invalidInput, "--override-input-shapes \(item.name) gives no shape",
          hint: "write \(item.name):[1,128]")
      }
      try file.edit { (editor) throws(ImportError) in try editor.overrideInputShapes(items) }
    }
    if foldConstants {
      let summary = try file.edit { (editor) throws(ImportError) in
        try editor.foldConstants(options)
      }
      file.report(
        "folded \(summary.foldedNodes) nodes into \(summary.newConstants) constants "
          + "(\(MemorySize.text(summary.newBytes)))")
      file.report("foldedNodes", .integer(summary.foldedNodes))
      file.report("newConstants", .integer(summary.newConstants))
      file.report("newBytes", .integer(summary.newBytes))
      file.report("notFolded", .texts(summary.skipped))
      for line in summary.skipped.prefix(5) { Terminal.error("note: not folded: \(line)") }
      if summary.skipped.count > 5 {
        Terminal.error("note: and \(summary.skipped.count - 5) more; --json lists them")
      }
    }
    if cleanup {
      let summary = try file.edit { (editor) throws(ImportError) in try editor.cleanUp() }
      file.report(
        "removed \(summary.nodes) nodes and \(summary.initializers) initializers that no output "
          + "depends on")
      file.report("removedNodes", .integer(summary.nodes))
      file.report("removedInitializers", .integer(summary.initializers))
    }
    try file.finish()
  }
}
