internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusTensor
internal import ArgumentParser

/// The build flags that `build`, `bench` and `trtexec` share.
struct BuildFlags: ParsableArguments {
  @Option(help: "The ONNX model.") var onnx: String?
  @Option(name: .customLong("saveEngine"), help: "Where to write the engine.")
  var saveEngine: String?
  @Option(
    name: .customLong("minShapes"),
    help: """
      Smallest shapes, as NAME:1x3x224x224,NAME2:1x8. Shapes behind --profile=N belong to that \
      profile.
      """)
  var minShapes: [String] = []
  @Option(name: .customLong("optShapes"), help: "Shapes to tune for.")
  var optShapes: [String] = []
  @Option(name: .customLong("maxShapes"), help: "Largest shapes.")
  var maxShapes: [String] = []
  @Option(
    name: .customLong("builderOptimizationLevel"),
    help: """
      0 takes the first tactic of each region: nothing is verified, nothing timed. 1 to 5 verify \
      every tactic against the operator's definition and take the fastest.
      """)
  var level = 3
  @Option(name: .customLong("avgTiming"), help: "Runs that a tactic's time is taken from.")
  var averageTiming = 8
  @Option(name: .customLong("timingCacheFile"), help: "Where tactic times are kept.")
  var timingCache: String?
  @Option(name: .customLong("cpuThreads"), help: "Threads; 0 takes every processor.")
  var cpuThreads = 0
  @OptionGroup var limits: ReadingLimitFlags
  @Option(name: .customLong("disablePass"), help: "Leaves an optimiser pass out; may repeat.")
  var disabledPasses: [String] = []
  @Option(
    name: .customLong("stopAfterPatch"),
    help: "Stops the optimiser after N patches, to bisect a wrong result.")
  var stopAfterPatch: Int?
  @Flag(name: .customLong("verbose"), help: "Says more.") var verbose = false

  /// Refuses numbers that make no sense.
  func check() throws(ApusError) {
    _ = try limits.limits()
    guard (0...5).contains(level) else {
      throw ApusError(
        .invalidInput, "--builderOptimizationLevel must lie between 0 and 5, found \(level)")
    }
    guard (1...10_000).contains(averageTiming) else {
      throw ApusError(
        .invalidInput, "--avgTiming must lie between 1 and 10000, found \(averageTiming)")
    }
    guard (0...1024).contains(cpuThreads) else {
      throw ApusError(
        .invalidInput, "--cpuThreads must lie between 0 and 1024, found \(cpuThreads)")
    }
  }

  /// The options for a model's inputs; `shapes` is what inference will run, where nothing else says
  /// what to tune for.
  func options(_ graph: Graph, shapes: String?) throws(ApusError) -> BuildOptions {
    var options = BuildOptions()
    options.level = level
    options.threads = cpuThreads
    options.averageTiming = averageTiming
    options.timingCachePath = timingCache
    options.disabledPasses = Set(disabledPasses)
    options.stopAfterPatch = stopAfterPatch
    options.profiles = try profiles(graph, shapes: shapes)
    let known = Set(OptimizerPasses.names)
    for pass in disabledPasses where !known.contains(pass) {
      throw ApusError(
        .invalidInput, "there is no optimiser pass '\(pass)'",
        hint: "the passes are \(OptimizerPasses.names.joined(separator: ", "))")
    }
    return options
  }

  private func profiles(_ graph: Graph, shapes: String?) throws(ApusError) -> [Profile] {
    var optimum: [Int: ShapeSpecification] = [:]
    var minimum: [Int: ShapeSpecification] = [:]
    var maximum: [Int: ShapeSpecification] = [:]
    let inputs = graph.inputs.map { graph[$0] }
    func read(
      _ texts: [String], into table: inout [Int: ShapeSpecification]
    ) throws(ApusError) {
      for text in texts {
        let specification = try ShapeSpecification(text)
        try specification.check(against: inputs.map(\.name))
        table[specification.profile] = specification
      }
    }
    try read(minShapes, into: &minimum)
    try read(optShapes, into: &optimum)
    try read(maxShapes, into: &maximum)
    if optimum.isEmpty, minimum.isEmpty, maximum.isEmpty, let shapes {
      optimum[0] = try ShapeSpecification(shapes)
      try optimum[0]?.check(against: inputs.map(\.name))
    }
    let indices = Set(optimum.keys).union(minimum.keys).union(maximum.keys).sorted()
    if let missing = indices.indices.first(where: { indices[$0] != $0 }) {
      throw ApusError(
        .invalidInput, "profile \(indices[missing]) was given, but not profile \(missing)",
        hint: "profiles count from 0: give --profile=\(missing) and its shapes, too")
    }
    guard indices.count <= Profile.limit else {
      throw ApusError(
        .invalidInput, "\(indices.count) profiles were given, at most \(Profile.limit) are possible"
      )
    }
    var profiles: [Profile] = []
    for index in indices {
      var ranges: [String: Profile.Range] = [:]
      for input in inputs {
        let least = minimum[index]?[input.name]
        let most = maximum[index]?[input.name]
        guard let best = optimum[index]?[input.name] ?? most ?? least else { continue }
        let range = Profile.Range(minimum: least ?? best, optimum: best, maximum: most ?? best)
        try Self.check(range, of: input)
        ranges[input.name] = range
      }
      profiles.append(Profile(inputs: ranges))
    }
    return profiles
  }

  /// Refuses ranges that are no ranges, or that the input's type contradicts.
  private static func check(_ range: Profile.Range, of input: Value) throws(ApusError) {
    let text =
      "\(range.minimum.dimensions) to \(range.optimum.dimensions) to "
      + range.maximum.dimensions
    for shape in [range.minimum, range.optimum, range.maximum] {
      guard let extents = input.fact.type.extents else { continue }
      let fits =
        extents.count == shape.count
        && zip(extents, shape).allSatisfy { extent, value in
          extent.fixed.map { $0 == value } ?? true
        }
      guard fits else {
        throw ApusError(
          .invalidInput,
          "input '\(input.name)' cannot have shape \(shape.dimensions): it is \(input.fact.type)")
      }
    }
    guard range.minimum.count == range.optimum.count, range.maximum.count == range.optimum.count,
      range.optimum.indices.allSatisfy({
        range.minimum[$0] <= range.optimum[$0] && range.optimum[$0] <= range.maximum[$0]
      })
    else {
      throw ApusError(
        .invalidInput, "the shapes of input '\(input.name)' do not grow: \(text)",
        hint: "minShapes <= optShapes <= maxShapes must hold in every dimension")
    }
  }
}

/// Sizes as trtexec reads and as people read them.
package enum MemorySize {
  /// Bytes of a number with B, K, M or G behind it; MiB where nothing is.
  package static func bytes(_ text: String) -> Int? {
    let scales: [Character: Double] = ["B": 1, "K": 1024, "M": 1_048_576, "G": 1_073_741_824]
    guard let last = text.uppercased().last else { return nil }
    let scale = scales[last]
    guard let number = Double(scale == nil ? text : String(text.dropLast())), number >= 0 else {
      return nil
    }
    let bytes = number * (scale ?? 1_048_576)
    return bytes < 1e18 ? Int(bytes) : nil
  }

  /// A size to three digits, such as `97.5 MB`.
  package static func text(_ bytes: Int) -> String {
    var value = Double(bytes)
    var units = ["B", "kB", "MB", "GB", "TB"][...]
    while value >= 1000, units.count > 1 {
      value /= 1000
      units = units.dropFirst()
    }
    let unit = units.first ?? ""
    if unit == "B" { return "\(bytes) B" }
    return Terminal.fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 2) + " \(unit)"
  }
}
