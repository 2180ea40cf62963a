internal import Apus
internal import ApusIR
internal import ApusONNX
internal import ArgumentParser

/// What a model may ask for where it is read, for every command that reads one.
struct ReadingLimitFlags: ParsableArguments {
  @Option(
    name: .customLong("nodeLimit"), help: "Nodes of a model after its functions are expanded.")
  var nodes = ResourceLimits().nodes
  @Option(
    name: .customLong("nestingLimit"), help: "How deep bodies of control flow may nest, up to 16.")
  var nesting = ResourceLimits().nesting
  @Option(
    name: .customLong("functionDepthLimit"),
    help: "How deep functions may call each other, up to 64.")
  var functionDepth = ResourceLimits().functionDepth
  @Option(
    name: .customLong("functionBytesLimit"),
    help: "Bytes of constants that calls of functions may repeat, as 512M.")
  var functionBytes: String?
  @Flag(
    name: .customLong("allowOutsideData"),
    help: "Reads weights from files outside of the model's folder, too.")
  var allowsOutsideData = false

  /// Checked limits; those of runs are the usual ones.
  func limits() throws(ApusError) -> ResourceLimits {
    var limits = ResourceLimits()
    try Self.check(nodes, "nodeLimit", 0...Int.max)
    try Self.check(nesting, "nestingLimit", 0...limits.nesting)
    try Self.check(functionDepth, "functionDepthLimit", 0...limits.functionDepth)
    limits.nodes = nodes
    limits.nesting = nesting
    limits.functionDepth = functionDepth
    if let functionBytes {
      limits.functionBytes = try ByteSize.parse(functionBytes, "--functionBytesLimit")
    }
    return limits
  }

  /// The same for reading a model.
  func importOptions() throws(ApusError) -> ImportOptions {
    var options = ImportOptions()
    options.limits = try limits()
    options.allowExternalDataOutside = allowsOutsideData
    return options
  }

  fileprivate static func check(
    _ value: Int, _ name: String, _ range: ClosedRange<Int>
  ) throws(ApusError) {
    guard !range.contains(value) else { return }
    throw ApusError(
      .invalidInput,
      range.upperBound == .max
        ? "--\(name) must not be negative, found \(value)"
        : "--\(name) must lie between \(range.lowerBound) and \(range.upperBound), found \(value)")
  }
}

/// What a run may take, for every command that runs a model.
struct RunLimitFlags: ParsableArguments {
  @Option(
    name: .customLong("memPoolSize"),
    help: """
      Limit of the memory of a run, as workspace:512M; by default it follows from the sizes of \
      weights and inputs.
      """)
  var memPoolSize: String?
  @Option(
    name: .customLong("loopLimit"),
    help: "Passes that all loops of a run may take; long bodies count for several.")
  var loops = ResourceLimits().loopPasses

  /// Checked limits of runs beside those of reading.
  func limits(with reading: ReadingLimitFlags) throws(ApusError) -> ResourceLimits {
    var limits = try reading.limits()
    try ReadingLimitFlags.check(loops, "loopLimit", 0...Int.max)
    limits.loopPasses = loops
    limits.memory = try Self.memory(memPoolSize)
    return limits
  }

  private static func memory(_ memPoolSize: String?) throws(ApusError) -> Int? {
    guard let memPoolSize else { return nil }
    for part in memPoolSize.split(separator: ",") {
      let pair = part.split(separator: ":")
      guard pair.count == 2, pair[0] == "workspace" else { continue }
      if let bytes = MemorySize.bytes(String(pair[1])) { return bytes }
    }
    throw ApusError(
      .invalidInput, "cannot read --memPoolSize=\(memPoolSize)", hint: "write workspace:512M")
  }
}

/// All limits, for commands that read a model and run it.
struct LimitFlags: ParsableArguments {
  @OptionGroup var running: RunLimitFlags
  @OptionGroup var reading: ReadingLimitFlags

  func limits() throws(ApusError) -> ResourceLimits { try running.limits(with: reading) }

  /// The same for reading a model.
  func importOptions() throws(ApusError) -> ImportOptions {
    var options = try reading.importOptions()
    options.limits = try limits()
    return options
  }
}
