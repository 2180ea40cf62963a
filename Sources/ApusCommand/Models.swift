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
  static func engine(
    _ path: String, threads: Int, _ limits: ReadingLimitFlags, viaEngine: Bool = false
  ) throws -> Engine {
    try exists(path)
    if Compiler.isEngineFile(path) {
      let loaded = try load(path, threads: threads)
      for note in loaded.notes { Terminal.error("note: \(note)") }
      return loaded.engine
    }
    let built = try build(try onnx(path, limits).graph, threads: threads).engine
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
    defer { unsafe apus_file_remove(path) }
    try Compiler.save(engine, to: path, durable: false)
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

  /// Imports an ONNX model; engines and what is no file are refused with what to do.
  static func onnx(
    _ path: String, _ limits: ReadingLimitFlags
  ) throws(ApusError) -> ImportedModel {
    try exists(path)
    guard !Compiler.isEngineFile(path) else {
      throw ApusError(
        .invalidInput, "the file is an Apus engine, not an ONNX model", location: path,
        hint: "it needs no building: apus bench --loadEngine=\(path)")
    }
    return try Compiler.importModel(path, options: try limits.importOptions())
  }

  /// Reads an ONNX model without importing it.
  static func file(_ path: String, _ options: ImportOptions) throws(ApusError) -> ModelFile {
    do { return try ModelFile(path: path, options: options) } catch {
      throw SurgeonFile.boundary(error, path)
    }
  }

  static func exists(_ path: String) throws(ApusError) {
    guard FileSystem.exists(path) else {
      throw ApusError(
        .invalidInput, "there is no such file", location: path,
        hint: models(in: folder(of: path)))
    }
    guard !FileSystem.isDirectory(path) else {
      throw ApusError(
        .invalidInput, "this is a folder, not a model", location: path,
        hint: models(in: path))
    }
  }

  /// The folder that a path lies in.
  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Says which models a folder holds; nil where it holds none.
  private static func models(in folder: String) -> String? {
    let names = ((try? FileSystem.list(folder)) ?? [])
      .filter { $0.hasSuffix(".onnx") || $0.hasSuffix(".engine") }
    guard !names.isEmpty else { return nil }
    let more = names.count > 5 ? " and \(names.count - 5) more" : ""
    return "the folder holds \(names.prefix(5).joined(separator: ", "))\(more)"
  }

  /// Refuses, before long work, a path where nothing can be saved.
  static func writable(_ path: String?) throws(ApusError) {
    guard let path else { return }
    guard !FileSystem.isDirectory(path) else {
      throw ApusError(
        .invalidInput, "this is a folder; a file is to be written", location: path,
        hint: "give a name in it, such as \(FileSystem.join(path, "model.engine"))")
    }
    let folder = Self.folder(of: path)
    guard FileSystem.isDirectory(folder) else {
      throw ApusError(
        .invalidInput, "cannot be written: there is no folder \(folder)", location: path,
        hint: "mkdir -p \(folder) makes it")
    }
    guard FileSystem.exists(path) || FileManager.default.isWritableFile(atPath: folder) else {
      throw ApusError(
        .invalidInput, "cannot be written: the folder \(folder) is not writable", location: path,
        hint: "choose another folder, or change its permissions")
    }
  }

  static func fileSize(_ path: String) -> Int? {
    var size: UInt64 = 0
    return unsafe apus_file_size(path, &size) == 0 ? Int(exactly: size) : nil
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
