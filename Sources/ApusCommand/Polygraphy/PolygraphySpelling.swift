package import Apus
internal import ApusONNX

/// A Polygraphy command line, turned into the one of this program that does the same.
package struct PolygraphySpelling: Sendable {
  package private(set) var arguments: [String] = []
  /// One line for each flag that was understood and has no effect, or acts in another way.
  package private(set) var notes: [String] = []

  /// Reads a whole command line, the program's name first: a program called `polygraphy` gets that
  /// command. nil for other command lines.
  package init?(_ line: [String]) throws(ApusError) {
    var rest = line.dropFirst()
    let program = line.first?.split(separator: "/").last ?? "apus"
    if program == "polygraphy" || program.hasPrefix("polygraphy.") {
      rest = ["polygraphy"] + rest
    }
    guard rest.first == "polygraphy" else { return nil }
    rest = rest.dropFirst()
    // Everything else, help included, is the command's own.
    guard let tool = rest.first, !rest.contains("--help"), !rest.contains("-h") else {
      arguments = ["polygraphy"] + rest
      return
    }
    switch tool {
    case "surgeon": try surgeon(rest.dropFirst())
    case "inspect": try inspect(rest.dropFirst())
    case "run": try run(rest.dropFirst())
    case "check" where rest.dropFirst().first == "lint": try lint(rest.dropFirst(2))
    default:
      throw ApusError(
        .unsupported, "polygraphy \(tool) is not supported",
        hint: "surgeon sanitize, surgeon extract, surgeon insert, inspect model, check lint and "
          + "run are")
    }
  }

  // MARK: Flags

  /// A flag of a tool: how many values follow it, and what it becomes.
  private enum Flag {
    /// Passed on under a name, with its values.
    case passed(String, Values)
    /// Without effect, for a reason.
    case inert(Values, String)
    case refused(String)
  }

  private enum Values { case none, one, many, optional }

  private static let common: [String: Flag] = [
    "-v": .inert(.none, ""), "--verbose": .inert(.none, ""), "-vv": .inert(.none, ""),
    "-q": .inert(.none, ""), "--quiet": .inert(.none, ""), "-s": .inert(.none, ""),
    "--silent": .inert(.none, ""), "--verbosity": .inert(.many, ""),
    "--log-format": .inert(.many, "lines have one form"),
    "--log-file": .inert(.one, "redirect the output in its place"),
    "--model-type": .inert(.one, "the file's content tells"),
    "--shape-inference": .inert(.none, "types are always inferred"),
    "--no-shape-inference": .inert(.none, "types are always inferred"),
    "--no-onnxruntime-shape-inference": .inert(.none, "this program's own inference is used"),
    "--force-fallback-shape-inference": .inert(.none, "inference runs no model"),
    "--external-data-dir": .refused("external data is read from the model's folder"),
    "--load-external-data": .refused("external data is read from the model's folder"),
    "--ignore-external-data": .refused("weights are mapped, not loaded, anyway"),
    "--allowOutsideData": .passed("--allowOutsideData", .none),
  ]

  /// Limits of tools that import the model, as all commands spell them.
  private static let limits: [String: Flag] = [
    "--nodeLimit": .passed("--nodeLimit", .one),
    "--nestingLimit": .passed("--nestingLimit", .one),
    "--functionDepthLimit": .passed("--functionDepthLimit", .one),
    "--functionBytesLimit": .passed("--functionBytesLimit", .one),
  ]

  /// Turns flags by a table; what is no flag stays in place.
  private mutating func translate(
    _ rest: ArraySlice<String>, _ table: [String: Flag], tool: String
  ) throws(ApusError) {
    var rest = rest
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("-"), argument.count > 1 else {
        arguments.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      var given = parts.count > 1 ? [String(parts[1])] : []
      guard let flag = table[name] ?? Self.common[name] else {
        throw ApusError(
          .invalidInput, "unknown flag \(name) of polygraphy \(tool)",
          hint: "apus polygraphy --help tells what is understood")
      }
      func take(_ values: Values) {
        guard given.isEmpty else { return }
        switch values {
        case .none: break
        case .one: if let next = rest.popFirst() { given = [next] }
        case .optional:
          if let next = rest.first, !next.hasPrefix("-") {
            given = [next]
            rest = rest.dropFirst()
          }
        case .many:
          while let next = rest.first, !next.hasPrefix("-") {
            given.append(next)
            rest = rest.dropFirst()
          }
        }
      }
      switch flag {
      case .refused(let reason):
        throw ApusError(.unsupported, "\(name) is not supported: \(reason)")
      case .inert(let values, let reason):
        take(values)
        if !reason.isEmpty { notes.append("\(name) has no effect: \(reason)") }
      case .passed("--save-external-data", let values):
        take(values)
        arguments.append("--save-external-data")
        if let file = given.first {
          let base = file.split(separator: "/").last.map(String.init) ?? file
          arguments += ["--external-data-file", base]
        }
      case .passed(let spelling, let values):
        take(values)
        arguments.append(spelling)
        arguments += given
      }
    }
  }

  // MARK: Tools

  private mutating func surgeon(_ rest: ArraySlice<String>) throws(ApusError) {
    guard let verb = rest.first else {
      arguments = ["surgeon", "--help"]
      return
    }
    var table: [String: Flag] = [
      "-o": .passed("--output", .one), "--output": .passed("--output", .one),
      "--save-external-data": .passed("--save-external-data", .optional),
      "--external-data-size-threshold": .passed("--external-data-size-threshold", .one),
      "--no-save-all-tensors-to-one-file": .refused("weights go into one file"),
    ]
    switch verb {
    case "sanitize":
      table.merge([
        "--fold-constants": .passed("--fold-constants", .none),
        "--num-passes": .passed("--num-passes", .one),
        "--num-const-fold-passes": .passed("--num-passes", .one),
        "--fold-size-threshold": .passed("--fold-size-threshold", .one),
        "--no-fold-shapes": .passed("--no-fold-shapes", .none),
        "--cleanup": .passed("--cleanup", .none), "--toposort": .passed("--toposort", .none),
        "--override-input-shapes": .passed("--override-input-shapes", .many),
        "--override-inputs": .passed("--override-input-shapes", .many),
        "--partitioning": .inert(.one, "nodes are folded one by one"),
        "--no-per-pass-shape-inference": .inert(.none, "types are always inferred"),
        "--set-unbounded-dds-upper-bound": .refused("there are no bounds of that kind"),
      ]) { $1 }
    case "extract":
      table.merge([
        "--inputs": .passed("--inputs", .many), "--outputs": .passed("--outputs", .many),
        "--input-shapes": .inert(.many, "auto takes shapes from the model, without running it"),
        "--model-inputs": .inert(.many, "auto takes shapes from the model, without running it"),
      ]) { $1 }
    case "insert":
      table.merge([
        "--inputs": .passed("--inputs", .many), "--outputs": .passed("--outputs", .many),
        "--op": .passed("--op", .one), "--name": .passed("--name", .one),
        "--attrs": .passed("--attrs", .many),
      ]) { $1 }
    default:
      throw ApusError(
        .unsupported, "polygraphy surgeon \(verb) is not supported",
        hint: verb == "prune"
          ? "apus surgeon prune is another thing: it takes outputs and nodes away"
          : "sanitize, extract and insert are")
    }
    arguments = ["surgeon", verb]
    table.merge(Self.limits) { $1 }
    try translate(rest.dropFirst(), table, tool: "surgeon \(verb)")
  }

  private mutating func inspect(_ rest: ArraySlice<String>) throws(ApusError) {
    guard rest.first == "model" else {
      throw ApusError(
        .unsupported, "polygraphy inspect \(rest.first ?? "") is not supported",
        hint: "inspect model is")
    }
    arguments = ["polygraphy", "inspect"]
    try translate(
      rest.dropFirst(),
      [
        "--mode": .passed("--mode", .one), "--layer-info": .passed("--mode", .one),
        "--show": .passed("--show", .many),
        "--list-unbounded-dds": .refused("there are no bounds of that kind"),
        "--display-as": .refused("models are shown as ONNX"),
        "--convert-to": .refused("models are shown as ONNX"),
        "--combine-tensor-info": .refused("that is for TensorRT's engines"),
      ], tool: "inspect model")
  }

  private mutating func lint(_ rest: ArraySlice<String>) throws(ApusError) {
    arguments = ["check"]
    try translate(
      rest,
      [
        "-o": .refused("the report goes to standard output; redirect it"),
        "--output": .refused("the report goes to standard output; redirect it"),
      ].merging(Self.limits) { $1 }, tool: "check lint")
    arguments.append("--json")
  }

  private mutating func run(_ rest: ArraySlice<String>) throws(ApusError) {
    arguments = ["compare"]
    let other = "the model as optimised runs in place of it"
    let precision = "numbers are computed in the model's own precision"
    try translate(
      rest,
      [
        "--trt": .inert(.none, other), "--onnxrt": .inert(.none, other),
        "--polygraphy": .inert(.none, other),
        "--rtol": .passed("--rtol", .one), "--rel-tol": .passed("--rtol", .one),
        "--atol": .passed("--atol", .one), "--abs-tol": .passed("--atol", .one),
        "--input-shapes": .passed("--shapes", .many), "--inputs": .passed("--shapes", .many),
        "--seed": .inert(.one, "random inputs are the same in every run"),
        "--iterations": .inert(.one, "one run is compared"),
        "--fp16": .refused(precision), "--bf16": .refused(precision), "--int8": .refused(precision),
        "--fp8": .refused(precision), "--tf32": .inert(.none, precision),
        "--onnx-outputs": .inert(.many, "every value is compared, without changing what is fused"),
        "--trt-outputs": .inert(.many, "every value is compared, without changing what is fused"),
        "--validate": .inert(.none, "NaN and infinities are always reported"),
        "--save-engine": .refused("use apus build"),
        "--load-inputs": .refused("use apus compare --inputs with .npy, .npz or .pb files"),
        "--load-outputs": .refused("use apus run --reference"),
        "--save-inputs": .refused("use apus run"), "--save-outputs": .refused("use apus run"),
        "--data-loader-script": .refused("nothing runs Python here"),
        "--val-range": .refused("random inputs lie between -1 and 1"),
        "--gen-script": .refused("nothing runs Python here"),
        "--memPoolSize": .passed("--memPoolSize", .one),
        "--loopLimit": .passed("--loopLimit", .one),
      ].merging(Self.limits) { $1 }, tool: "run")
    notes.insert(
      "TensorRT and ONNX Runtime are not part of this program: the model as optimised is compared "
        + "with the reference evaluation", at: 0)
    try joinShapes()
  }

  /// `--shapes x:[1,3] y:[2]` as `--shapes x:1x3,y:2`; per value Polygraphy allows several words.
  private mutating func joinShapes() throws(ApusError) {
    guard let start = arguments.firstIndex(of: "--shapes") else { return }
    var end = start + 1
    var shapes: [String] = []
    while end < arguments.count, arguments[end].contains(":") {
      let item = try ValueNotation.parse(arguments[end])
      guard let shape = item.shape else { break }
      var numbers: [Int] = []
      for dimension in shape {
        guard case .number(let number) = dimension else {
          throw ApusError(
            .invalidInput, "the shape of '\(item.name)' needs numbers, found \(arguments[end])")
        }
        numbers.append(number)
      }
      shapes.append("'\(item.name)':\(numbers.dimensions)")
      end += 1
    }
    arguments.replaceSubrange(start..<end, with: ["--shapes", shapes.joined(separator: ",")])
  }
}
