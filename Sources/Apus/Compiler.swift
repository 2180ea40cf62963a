package import ApusBuilder
internal import ApusCPU
package import ApusEngine
package import ApusIR
package import ApusONNX
package import ApusRuntime
internal import ApusTensor

/// An engine from a file, and what was noticed while loading it.
package struct LoadedEngine: Sendable {
  package let engine: Engine
  /// Lines for the user, such as why the engine was rebuilt for this machine.
  package let notes: [String]

  package init(engine: Engine, notes: [String]) {
    self.engine = engine
    self.notes = notes
  }
}

package struct BuildResult: Sendable {
  package let engine: Engine
  package let report: BuildReport
}

/// The journey of a model in the steps that the command line and the public API are made of.
package enum Compiler {
  package static let version = "0.1.0"

  package static func importModel(
    _ path: String, options: ImportOptions = ImportOptions()
  ) throws(ApusError) -> ImportedModel {
    do { return try ONNXImporter.load(path: path, options: options) } catch {
      throw ApusError(
        error.isUnsupported ? .unsupported : .invalidInput, error.description, location: path,
        hint: hint(error))
    }
  }

  /// What to do about a model that cannot be imported, where there is something.
  private static func hint(_ error: ImportError) -> String? {
    if case .unsupportedOperator = error.reason {
      return "--plugins=LIBRARY.so supplies operators of your own: docs/custom-operators.md"
    }
    return lacksWeights(error)
      ? "the file holds no weights; apus materialize fills one that says how to" : nil
  }

  private static func lacksWeights(_ error: ImportError) -> Bool {
    guard case .tensor = error.subject, case .invalid(let text) = error.reason else { return false }
    return text.hasSuffix(" elements, found 0")
  }

  /// Optimises a graph and makes it runnable on this machine's CPU. Sessions compute on `pool`, which
  /// engines may share; nil makes one of `options.threads`.
  package static func build(
    _ graph: Graph, _ options: BuildOptions = BuildOptions(), pool: ThreadPool? = nil
  ) throws(ApusError) -> BuildResult {
    let builder = PlanBuilder(
      sources: CPUTactics.sources, options: options, machine: CPUTactics.features)
    do {
      let (plan, report) = try builder.build(graph)
      let engine = Engine(
        plan: plan, source: graph, sources: CPUTactics.sources,
        pool: pool ?? ThreadPool(threads: options.threads))
      return BuildResult(engine: engine, report: report)
    } catch { throw ApusError(.internalFailure, error.description) }
  }

  /// Writes an engine atomically; a durable one is on the disk before this returns.
  package static func save(
    _ engine: Engine, to path: String, durable: Bool = true
  ) throws(ApusError) {
    let contents = EngineFile.Contents(
      source: engine.source, plan: engine.plan, target: CPUTactics.features,
      producer: "apus \(version)")
    do { try EngineWriter.write(contents, to: path, durable: durable) } catch {
      throw ApusError(
        .invalidInput, error.description, location: path,
        hint: "the engine was not saved; a file that was there is as it was")
    }
  }

  /// Loads an engine; one that was built for another processor is rebuilt from the graph inside it.
  package static func load(
    _ path: String, threads: Int, pool: ThreadPool? = nil,
    custom: CustomOperators = CustomOperators()
  ) throws(ApusError) -> LoadedEngine {
    try load(try read(path, custom: custom), threads: threads, pool: pool)
  }

  /// Makes an engine of what was read.
  package static func load(
    _ reader: EngineReader, threads: Int, pool: ThreadPool? = nil
  ) throws(ApusError) -> LoadedEngine {
    let contents = reader.contents
    if contents.target != CPUTactics.features {
      return try rebuild(
        contents, threads, pool, because: "the engine was built for a processor with other features"
      )
    }
    do { try contents.plan.check(CPUTactics.sources) } catch {
      return try rebuild(
        contents, threads, pool, because: "the plan in the engine cannot be used (\(error))")
    }
    let engine = Engine(
      plan: contents.plan, source: contents.source, sources: CPUTactics.sources,
      pool: pool ?? ThreadPool(threads: threads)
    ) { () throws(RuntimeError) in
      do throws(EngineFileError) { try reader.verify() } catch { throw .engine(error) }
    }
    return LoadedEngine(engine: engine, notes: [])
  }

  /// Reads an engine file as it is, without making it runnable.
  package static func read(
    _ path: String, custom: CustomOperators = CustomOperators()
  ) throws(ApusError) -> EngineReader {
    do { return try EngineReader(path: path, custom: custom) } catch { throw refusal(error, path) }
  }

  /// A file that is no usable engine, and what to do about it.
  private static func refusal(_ error: EngineFileError, _ path: String) -> ApusError {
    let remedy = "build it again: apus build --onnx=MODEL --saveEngine=\(path)"
    switch error {
    case .version: return ApusError(.unsupported, error.description, location: path, hint: remedy)
    case .damaged, .coding, .graph, .malformed:
      return ApusError(
        .invalidInput, error.description, location: path, hint: "copy it again, or \(remedy)")
    case .tensor, .notAnEngine:
      return ApusError(.invalidInput, error.description, location: path)
    }
  }

  private static func rebuild(
    _ contents: EngineFile.Contents, _ threads: Int, _ pool: ThreadPool?, because reason: String
  ) throws(ApusError) -> LoadedEngine {
    var options = BuildOptions()
    options.threads = threads
    options.profiles = contents.plan.profiles
    let result = try build(contents.source, options, pool: pool)
    return LoadedEngine(
      engine: result.engine, notes: ["\(reason); it was rebuilt from the graph inside it"])
  }

  package static func isEngineFile(_ path: String) -> Bool { EngineReader.isEngine(path) }
}
