internal import Apus
internal import ArgumentParser

/// The flags of inference and reporting, by trtexec's names.
struct BenchFlags: ParsableArguments {
  @Option(name: .customLong("loadEngine"), help: "An engine to run in place of building one.")
  var loadEngine: String?
  @Option(help: "Input shapes, as NAME:1x3x224x224,NAME2:1x8.") var shapes: String?
  @Option(
    name: .customLong("useProfile"),
    help: """
      Runs the tactics of this profile, and its best shapes where --shapes says no others. Without \
      it the profile that fits the shapes best is taken.
      """)
  var useProfile: Int?
  @Option(help: "Runs at least this many queries.") var iterations = 10
  @Option(help: "Runs at least this many seconds.") var duration = 3.0
  @Option(name: .customLong("warmUp"), help: "Milliseconds of runs before timing.")
  var warmUp = 200.0
  @Option(name: .customLong("idleTime"), help: "Milliseconds between two queries of a stream.")
  var idleTime = 0.0
  @Option(name: .customLong("avgRuns"), help: "Queries per line of trace averages.")
  var averageRuns = 10
  @Option(help: "Percentiles of the summary, separated by commas.") var percentile = "90,95,99"
  @Option(name: .customLong("infStreams"), help: "Sessions that run at the same time.")
  var streams = 1
  @Option(
    name: .customLong("loadInputs"),
    help: "Inputs as raw little-endian bytes or .npy files, as NAME:FILE,NAME2:FILE2.")
  var loadInputs: [String] = []
  @Option(name: .customLong("exportTimes"), help: "Writes every query's times as JSON.")
  var exportTimes: String?
  @Option(name: .customLong("exportOutput"), help: "Writes the outputs as JSON.")
  var exportOutput: String?
  @Option(name: .customLong("exportProfile"), help: "Writes the layer profile as JSON.")
  var exportProfile: String?
  @Option(name: .customLong("exportLayerInfo"), help: "Writes the layers as JSON.")
  var exportLayerInfo: String?
  @Flag(name: .customLong("dumpOutput"), help: "Prints the outputs.") var dumpOutput = false
  @Flag(name: .customLong("dumpProfile"), help: "Prints the time of every layer.")
  var dumpProfile = false
  @Flag(name: .customLong("dumpLayerInfo"), help: "Prints the layers.") var dumpLayerInfo = false
  @Flag(
    name: .customLong("dumpOptimizationProfile"), help: "Prints the optimisation profiles.")
  var dumpOptimizationProfile = false
  @Flag(name: .customLong("skipInference"), help: "Builds and stops.") var skipInference = false

  /// The percentages of `--percentile`.
  func percentiles() throws(ApusError) -> [Double] {
    var values: [Double] = []
    for part in percentile.split(separator: ",") {
      guard let value = Double(part), value >= 0, value <= 100 else {
        throw ApusError(
          .invalidInput, "cannot read --percentile=\(percentile)", hint: "write 90,95,99")
      }
      values.append(value)
    }
    return values
  }

  /// Refuses numbers that make no sense.
  func check() throws(ApusError) {
    _ = try percentiles()
    guard (1...1024).contains(streams) else {
      throw ApusError(.invalidInput, "--infStreams must lie between 1 and 1024, found \(streams)")
    }
    guard duration >= 0, duration < 1e6, warmUp >= 0, warmUp < 1e9, idleTime >= 0, idleTime < 1e6
    else {
      throw ApusError(.invalidInput, "--duration, --warmUp and --idleTime must not be negative")
    }
    guard (0...100_000_000).contains(iterations), averageRuns > 0 else {
      throw ApusError(.invalidInput, "--iterations and --avgRuns must be positive")
    }
  }
}
