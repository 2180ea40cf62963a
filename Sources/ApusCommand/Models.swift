internal import Apus
internal import ApusBuilder
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor
internal import CApusPlatform
internal import Foundation

/// What several commands do with models.
enum Models {
  /// A runnable engine from an engine file, or from a model built at level 0.
  static func engine(_ path: String, threads: Int, viaEngine: Bool = false) throws -> Engine {
    try exists(path)
    if Compiler.isEngineFile(path) {
      let loaded = try load(path, threads: threads)
      for note in loaded.notes { Terminal.error("note: \(note)") }
      return loaded.engine
    }
    let built = try build(try Compiler.importModel(path).graph, threads: threads).engine
    return viaEngine ? try reload(built, threads: threads).engine : built
  }

  /// Builds at level 0, with progress.
  static func build(_ graph: Graph, threads: Int) throws(ApusError) -> BuildResult {
    var options = BuildOptions()
    options.threads = threads
    return try build(graph, options)
  }

  static func build(_ graph: Graph, _ options: BuildOptions) throws(ApusError) -> BuildResult {
    var options = options
    let progress = Progress()
    options.progress = { progress.report($0, $1, $2) }
    defer { progress.finish() }
    return try Compiler.build(graph, options)
  }

  /// Saves an engine to a temporary file and loads it back.
  static func reload(
    _ engine: Engine, threads: Int
  ) throws(ApusError) -> (engine: Engine, byteCount: Int) {
    let name = "apus-\(ProcessInfo.processInfo.processIdentifier).engine"
    let path = FileSystem.join(NSTemporaryDirectory(), name)
    // The loaded engine keeps the file's content mapped; its name is not needed any more.
    defer { apus_file_remove(path) }
    try Compiler.save(engine, to: path)
    return (try load(path, threads: threads).engine, fileSize(path) ?? 0)
  }

  /// Loads an engine file; other files are refused with what to do.
  static func load(_ path: String, threads: Int) throws(ApusError) -> LoadedEngine {
    try exists(path)
    guard Compiler.isEngineFile(path) else {
      throw ApusError(
        .invalidInput, "the file is no Apus engine", location: path,
        hint: "apus build --onnx=MODEL --saveEngine=\(path) makes one from an ONNX model")
    }
    return try Compiler.load(path, threads: threads)
  }

  static func exists(_ path: String) throws(ApusError) {
    guard FileSystem.exists(path) else {
      throw ApusError(.invalidInput, "there is no such file", location: path)
    }
    guard !FileSystem.isDirectory(path) else {
      throw ApusError(.invalidInput, "this is a folder, not a model", location: path)
    }
  }

  static func fileSize(_ path: String) -> Int? {
    var size: UInt64 = 0
    return apus_file_size(path, &size) == 0 ? Int(exactly: size) : nil
  }

  /// A runtime failure at the product's boundary: who is to blame decides the exit code.
  static func boundary(_ error: RuntimeError, _ path: String) -> ApusError {
    let code: ApusError.Code
    switch error {
    case .evaluation(_, _, let cause) where cause.isUnsupported: code = .unsupported
    case .noTacticSource: code = .unsupported
    case .tactic, .cancelled: code = .internalFailure
    default: code = .invalidInput
    }
    return ApusError(code, error.description, location: path)
  }

  /// A failure of the reference evaluator at the product's boundary.
  static func boundary(_ error: EvaluationFailure, _ path: String) -> ApusError {
    let code: ApusError.Code
    switch error {
    case .node(_, _, let cause) where cause.isUnsupported: code = .unsupported
    case .resultType, .undefinedOperand, .undefinedOutput, .cancelled: code = .internalFailure
    default: code = .invalidInput
    }
    return ApusError(code, error.description, location: path)
  }
}
