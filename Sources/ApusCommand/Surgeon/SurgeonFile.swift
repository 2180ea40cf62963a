internal import Apus
internal import ApusONNX
internal import ApusTensor
internal import ArgumentParser

/// How a model is read and where the edited one goes, for all verbs.
struct SurgeonFlags: ParsableArguments {
  @Option(name: [.short, .long], help: "Where to write the model.") var output: String
  @Flag(help: "Puts weights into a file beside the model; needed over 2 GiB.")
  var saveExternalData = false
  @Option(help: "The name of that file; OUTPUT.data where missing.")
  var externalDataFile: String?
  @Option(
    name: [.customLong("external-data-size-threshold")],
    help: "Weights of fewer bytes stay in the model (K, M and G may stand behind).")
  var externalThreshold: String?
  @OptionGroup var limits: ReadingLimitFlags
  @Flag(help: "Prints what was done as JSON.") var json = false
}

/// A model under edit: read, changed, written and reported.
struct SurgeonFile {
  let path: String
  let flags: SurgeonFlags
  var editor: ModelEditor
  private let nodesBefore: Int
  private let initializersBefore: Int
  private var lines: [String] = []
  private var members: [String: JSON] = [:]

  init(_ path: String, _ flags: SurgeonFlags) throws(ApusError) {
    try Models.exists(path)
    self.path = path
    self.flags = flags
    let options = try flags.limits.importOptions()
    editor = ModelEditor(try Models.file(path, options), options: options)
    nodesBefore = editor.nodeCount
    initializersBefore = editor.initializerCount
  }

  static func boundary(_ error: ImportError, _ path: String) -> ApusError {
    ApusError(
      error.isUnsupported ? .unsupported : .invalidInput, error.description, location: path)
  }

  /// Runs an edit; its failure is one of the model.
  mutating func edit<Result>(
    _ change: (inout ModelEditor) throws(ImportError) -> Result
  ) throws(ApusError) -> Result {
    do { return try change(&editor) } catch { throw Self.boundary(error, path) }
  }

  mutating func report(_ line: String) { lines.append(line) }
  mutating func report(_ name: String, _ value: JSON) { members[name] = value }

  /// Writes the model and prints what was done.
  mutating func finish() throws(ApusError) {
    var options = ModelWriter.Options()
    if flags.saveExternalData || flags.externalDataFile != nil {
      let name = flags.output.split(separator: "/").last.map(String.init) ?? flags.output
      options.externalData = flags.externalDataFile ?? name + ".data"
    }
    if let text = flags.externalThreshold {
      options.externalThreshold = try ByteSize.parse(text, "--external-data-size-threshold")
    }
    let summary: ModelWriter.Summary
    do { summary = try ModelWriter.write(editor, to: flags.output, options) } catch {
      throw Self.boundary(error, flags.output)
    }
    if flags.json {
      var object = members
      object["nodesBefore"] = .integer(nodesBefore)
      object["nodes"] = .integer(editor.nodeCount)
      object["initializersBefore"] = .integer(initializersBefore)
      object["initializers"] = .integer(editor.initializerCount)
      object["output"] = .text(flags.output)
      object["modelBytes"] = .integer(summary.modelBytes)
      object["externalBytes"] = .integer(summary.externalBytes)
      object["externalTensors"] = .integer(summary.externalTensors)
      print(JSON.object(object))
      return
    }
    for line in lines { print(line) }
    var line =
      "\(flags.output): nodes \(nodesBefore) -> \(editor.nodeCount), initializers "
      + "\(initializersBefore) -> \(editor.initializerCount), \(MemorySize.text(summary.modelBytes))"
    if let name = options.externalData {
      line +=
        ", \(summary.externalTensors) weights (\(MemorySize.text(summary.externalBytes))) in \(name)"
    }
    print(line)
  }
}

/// Byte counts on the command line: a number, with K, M or G behind it.
enum ByteSize {
  static func parse(_ text: String, _ flag: String) throws(ApusError) -> Int {
    var digits = text.uppercased()[...]
    if digits.hasSuffix("B") { digits = digits.dropLast() }
    let scales: [Character: Double] = ["K": 1024, "M": 1_048_576, "G": 1_073_741_824]
    let scale = digits.last.flatMap { scales[$0] }
    if scale != nil { digits = digits.dropLast() }
    guard let number = Double(digits), number >= 0, number * (scale ?? 1) < 1e18 else {
      throw ApusError(
        .invalidInput, "cannot read \(flag)=\(text)", hint: "write a number of bytes, or 16M")
    }
    return Int(number * (scale ?? 1))
  }
}
