internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ArgumentParser
internal import Foundation

/// The build flags that `build`, `bench` and `trtexec` share.
struct BuildFlags: ParsableArguments {
  @Option(help: "The ONNX model.") var onnx: String?
  @Option(name: .customLong("saveEngine"), help: "Where to write the engine.")
  var saveEngine: String?
  @Option(
    name: .customLong("minShapes"), help: "Smallest shapes, as name:1x3x224x224,name2:….")
  var minShapes: String?
  @Option(name: .customLong("optShapes"), help: "Shapes to tune for.") var optShapes: String?
  @Option(name: .customLong("maxShapes"), help: "Largest shapes.") var maxShapes: String?
  @Option(
    name: .customLong("builderOptimizationLevel"),
    help: "0 times nothing; from 1 on tactics are verified and timed.")
  var level = 3
  @Option(name: .customLong("avgTiming"), help: "Runs that a tactic's time is taken from.")
  var averageTiming = 8
  @Option(name: .customLong("timingCacheFile"), help: "Where tactic times are kept.")
  var timingCache: String?
  @Option(name: .customLong("cpuThreads"), help: "Threads; 0 takes every processor.")
  var cpuThreads = 0
  @Option(
    name: .customLong("memPoolSize"), help: "Limit of activation memory, as workspace:512M.")
  var memPoolSize: String?
  @Option(name: .customLong("disablePass"), help: "Leaves an optimiser pass out; may repeat.")
  var disabledPasses: [String] = []
  @Option(name: .customLong("disable-pass"), help: .hidden) var disabledPassesDashed: [String] = []
  @Option(
    name: [.customLong("stopAfterPatch"), .customLong("stop-after-patch")],
    help: "Stops the optimiser after N patches, to bisect a wrong result.")
  var stopAfterPatch: Int?
  @Flag(name: .customLong("verbose"), help: "Says more.") var verbose = false

  func options(shapes: String?) throws -> BuildOptions {
    var options = BuildOptions()
    options.level = level
    options.threads = cpuThreads
    options.averageTiming = averageTiming
    options.timingCachePath = timingCache
    options.disabledPasses = Set(disabledPasses + disabledPassesDashed)
    options.stopAfterPatch = stopAfterPatch
    let optimum = try ShapeSpecification(optShapes ?? shapes ?? "").shapes
    let minimum = try ShapeSpecification(minShapes ?? "").shapes
    let maximum = try ShapeSpecification(maxShapes ?? "").shapes
    if !optimum.isEmpty {
      options.profiles = [
        Profile(
          inputs: Dictionary(
            uniqueKeysWithValues: optimum.map { name, shape in
              (
                name,
                Profile.Range(
                  minimum: minimum[name] ?? shape, optimum: shape, maximum: maximum[name] ?? shape)
              )
            }))
      ]
    }
    return options
  }

  /// Bytes of `--memPoolSize`.
  func memoryLimit() throws -> Int? {
    guard let memPoolSize else { return nil }
    for part in memPoolSize.split(separator: ",") {
      let pair = part.split(separator: ":")
      guard pair.count == 2, pair[0] == "workspace" else { continue }
      let scales: [Character: Double] = ["B": 1, "K": 1024, "M": 1_048_576, "G": 1_073_741_824]
      let last = pair[1].last ?? "M"
      let scale = scales[Character(last.uppercased())]
      guard let number = Double(scale == nil ? pair[1] : pair[1].dropLast()), number >= 0,
        number * (scale ?? 1_048_576) < 1e18
      else { throw ApusError(.invalidInput, "cannot read --memPoolSize=\(memPoolSize)") }
      return Int(number * (scale ?? 1_048_576))
    }
    throw ApusError(
      .invalidInput, "cannot read --memPoolSize=\(memPoolSize)", hint: "write workspace:512M")
  }
}

/// Shapes by input name in trtexec's notation: `name:1x3x224x224,other:1x128`.
struct ShapeSpecification {
  private(set) var shapes: [String: [Int]] = [:]

  init(_ text: String) throws {
    for part in text.split(separator: ",") {
      guard let colon = part.lastIndex(of: ":") else {
        throw ApusError(
          .invalidInput, "cannot read the shape '\(part)'", hint: "write name:1x3x224x224")
      }
      let name = part[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "'"))
      let extents = part[part.index(after: colon)...]
      if extents.isEmpty || extents == "scalar" {
        shapes[name] = []
        continue
      }
      let numbers = extents.split(separator: "x").map { Int($0) }
      guard numbers.allSatisfy({ ($0 ?? -1) >= 0 }) else {
        throw ApusError(
          .invalidInput, "cannot read the shape '\(part)'", hint: "write name:1x3x224x224")
      }
      shapes[name] = numbers.compactMap { $0 }
    }
  }
}
