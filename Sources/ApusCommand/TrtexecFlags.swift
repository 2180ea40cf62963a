/// trtexec's flags by name (8.6 to 11), and what those mean here that have no effect yet.
enum TrtexecFlags {
  /// Flags that `apus build`, `apus bench` and `apus trtexec` act on.
  static let effective = [
    "onnx", "saveEngine", "loadEngine", "minShapes", "optShapes", "maxShapes", "shapes",
    "iterations", "duration", "warmUp", "avgRuns", "percentile", "infStreams", "cpuThreads",
    "loadInputs", "dumpOutput", "exportOutput", "exportTimes", "dumpProfile", "exportProfile",
    "dumpLayerInfo", "exportLayerInfo", "timingCacheFile", "builderOptimizationLevel", "avgTiming",
    "skipInference", "verbose", "json", "memPoolSize", "disablePass", "stopAfterPatch",
  ]

  /// Flags that are understood and change nothing here, with the reason.
  static let inert: [(name: String, reason: String)] = [
    ("explicitBatch", "every model has explicit batch"),
    ("device", "this build computes on the CPU"),
    ("useCudaGraph", "there is no GPU in this build"),
    ("noCudaGraph", "there is no GPU in this build"),
    ("threads", "each inference stream has a thread of its own"),
    ("workspace", "the memory plan decides; use --memPoolSize to limit it"),
    ("profile", "one profile is tuned; other shapes run untuned"),
    ("useProfile", "one profile is tuned; other shapes run untuned"),
    ("separateProfileRun", "the profile always has a run of its own"),
    ("profilingVerbosity", "layer information is always detailed"),
    ("streams", "the new name is --infStreams"),
    ("useSpinWait", "the thread pool spins briefly by itself"),
    ("noDataTransfers", "there are no transfers on the CPU"),
    ("noTF32", "FP32 is computed as FP32"),
    ("hardwareCompatibilityLevel", "engines rebuild for the machine they meet"),
    ("versionCompatible", "engines hold the graph that they can be rebuilt from"),
    ("buildOnly", "the new name is --skipInference"),
  ]

  static var all: [String] { effective + inert.map(\.name) }
}
