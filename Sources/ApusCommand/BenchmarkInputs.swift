internal import Apus
internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor

/// Inputs for a benchmark: from files, else random.
struct BenchmarkInputs {
  let values: [HostTensor]

  init(_ engine: Engine, _ flags: BenchFlags, _ log: Log) throws {
    let given = try ShapeSpecification(flags.shapes ?? "")
    let known = engine.inputs.map(\.name)
    try given.check(against: known)
    let files = try Self.files(flags.loadInputs, known)
    let profile = try Self.profile(flags.useProfile, engine.plan.profiles)
    let wanted = engine.inputs.map { name, type in
      given[name] ?? type.fixedShape ?? profile?.inputs[name]?.optimum
    }
    var shapes: [String: [Int]] = [:]
    for (input, shape) in zip(engine.inputs, wanted) { shapes[input.name] = shape }
    let symbols = engine.plan.graph.completeSymbols(shapes)
    let open = zip(engine.inputs, wanted).filter { input, shape in
      shape == nil && files[input.name]?.hasSuffix(".npy") != true
    }.map(\.0.name)
    if let first = open.first {
      let others = open.count > 1 ? " and \(open.count - 1) others" : ""
      log.warning(
        "No shape was given for input \(first)\(others); dimensions that nothing else fixes are 1, "
          + "--shapes chooses them.")
    }
    var random = RandomTensors()
    values = try zip(engine.inputs, wanted).map { input, wanted in
      let (name, type) = input
      if let path = files[name] {
        let tensor = try Self.load(path, name, type, wanted)
        log.info("Using values loaded from \(path) for input \(name)")
        return tensor
      }
      let shape = try wanted ?? Self.assumed(name, type, symbols)
      log.info("Using random values for input \(name)")
      return try random.tensor(type.element, shape, name: name)
    }
  }

  private static func files(_ entries: [String], _ known: [String]) throws -> [String: String] {
    var files: [String: String] = [:]
    for entry in entries.flatMap({ $0.split(separator: ",") }) {
      // Names may hold colons: the longest input name that fits is meant.
      let names = known.filter { entry.hasPrefix("\($0):") || entry.hasPrefix("'\($0)':") }
      guard let name = names.max(by: { $0.count < $1.count }) else {
        throw ApusError(
          .invalidInput, "--loadInputs=\(entry) names no input",
          hint: "write NAME:FILE; the inputs are \(known.joined(separator: ", "))")
      }
      let quotes = entry.hasPrefix("'") ? 2 : 0
      files[name] = String(entry.dropFirst(name.count + 1 + quotes))
    }
    return files
  }

  private static func profile(_ index: Int?, _ profiles: [Profile]) throws -> Profile? {
    guard let index, index != 0 else { return profiles.first }
    guard profiles.indices.contains(index) else {
      throw ApusError(
        .invalidInput, "there is no optimisation profile \(index)",
        hint: "the engine has \(profiles.count)")
    }
    return profiles[index]
  }

  /// The shape that the symbols' values give.
  private static func assumed(
    _ name: String, _ type: TensorType, _ symbols: [String: Int]
  ) throws(ApusError) -> [Int] {
    guard let extents = type.extents else {
      throw ApusError(
        .invalidInput, "input '\(name)' has no known rank", hint: "give --shapes=\(name):1x…")
    }
    return extents.map { $0.substituting(symbols).fixed ?? 1 }
  }

  private static func load(
    _ path: String, _ name: String, _ type: TensorType, _ shape: [Int]?
  ) throws -> HostTensor {
    do {
      if path.hasSuffix(".npy") { return try NumPyFile.read(path: path) }
      guard let shape else {
        throw ApusError(
          .invalidInput, "the shape of input '\(name)' is open", hint: "add --shapes=\(name):1x…")
      }
      return try HostTensor(
        type.element, shape: shape, bytes: try MappedFile(path: path).range.array)
    } catch let error as TensorError {
      throw ApusError(.invalidInput, error.description, location: path)
    }
  }
}
