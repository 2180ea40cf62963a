internal import Apus
internal import ApusBuilder
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor
internal import Foundation

/// What several commands do with models.
enum Models {
  /// A runnable engine from an engine file, or from a model built at level 0.
  static func engine(_ path: String, threads: Int, viaEngine: Bool = false) throws -> Engine {
    guard FileSystem.exists(path) else {
      throw ApusError(.invalidInput, "there is no such file", location: path)
    }
    if Compiler.isEngineFile(path) {
      let loaded = try Compiler.load(path, threads: threads)
      for note in loaded.notes { Terminal.error("note: \(note)") }
      return loaded.engine
    }
    var options = BuildOptions()
    options.threads = threads
    let built = try Compiler.build(try Compiler.importModel(path).graph, options).engine
    guard viaEngine else { return built }
    let file = NSTemporaryDirectory() + "apus-\(ProcessInfo.processInfo.processIdentifier).engine"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Compiler.save(built, to: file)
    return try Compiler.load(file, threads: threads).engine
  }

  /// A runtime failure at the product's boundary: who is to blame decides the exit code.
  static func boundary(_ error: RuntimeError, _ path: String) -> ApusError {
    switch error {
    case .evaluation(_, _, let cause) where cause.isUnsupported:
      ApusError(.unsupported, error.description, location: path)
    case .noTacticSource:
      ApusError(.unsupported, error.description, location: path)
    case .tactic, .cancelled:
      ApusError(.internalFailure, error.description, location: path)
    default: ApusError(.invalidInput, error.description, location: path)
    }
  }
}
