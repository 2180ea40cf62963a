#if Server
internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusModelConfig
internal import ApusONNX
internal import ApusRuntime
internal import ApusServing
internal import ApusServingSchema
internal import ApusTensor
internal import Tracing

/// Makes engines of the files of a model repository.
///
/// Parameters of a model's configuration: `intra_op_thread_count` gives it threads of its own (all
/// others share those of the server); `apus_level` tunes an ONNX model while it loads, as `apus build
/// --builderOptimizationLevel` does.
struct EngineModelLoader: ModelLoader {
  /// The threads that models share.
  let pool: ThreadPool
  let importOptions: ImportOptions
  let limits: ResourceLimits

  /// In a span `LoadModel` where spans are wanted.
  func load(_ source: ModelSource) throws(ServingError) -> any ServableModel {
    let span = startSpan("LoadModel", context: .topLevel)
    defer { span.end() }
    span.attributes["triton.model_name"] = source.config.name
    do throws(ServingError) { return try loadFiles(source) } catch {
      span.recordError(error)
      span.setStatus(SpanStatus(code: .error, message: error.message))
      throw error
    }
  }

  private func loadFiles(_ source: ModelSource) throws(ServingError) -> any ServableModel {
    let options = SessionOptions(limits)
    let snapshot = try? ModelSnapshot(source)
    do throws(ApusError) {
      var loaded = try engine(snapshot?.path ?? source.path, source.config)
      if snapshot == nil {
        loaded = LoadedEngine(
          engine: loaded.engine,
          notes: loaded.notes + [
            "its files could not be copied to /tmp and are mapped in place: do not write over them "
              + "while it is served"
          ])
      }
      return try model(loaded, options)
    } catch {
      let error = Self.serving(error)
      throw ServingError(error.code, snapshot?.translated(error.message) ?? error.message)
    }
  }

  private func model(
    _ engine: LoadedEngine, _ options: SessionOptions
  ) throws(ApusError) -> EngineModel {
    do throws(ServingError) { return try EngineModel(engine, options: options) } catch {
      throw ApusError(.unsupported, error.message)
    }
  }

  private func engine(
    _ path: String, _ config: Inference_ModelConfig
  ) throws(ApusError) -> LoadedEngine {
    let threads = try number("intra_op_thread_count", config, in: 0...1024) ?? 0
    let pool = threads > 0 ? ThreadPool(threads: threads) : self.pool
    if Compiler.isEngineFile(path) {
      return try Compiler.load(
        path, threads: pool.threads, pool: pool, custom: importOptions.custom)
    }
    guard !path.hasSuffix(".plan"), !path.hasSuffix(".engine") else {
      throw ApusError(
        .unsupported,
        "the file is no engine of Apus; plans of TensorRT run on the GPU and version "
          + "that built them only", location: path,
        hint: "put the ONNX model that it was built from there as model.onnx")
    }
    var options = BuildOptions()
    options.threads = pool.threads
    options.level = try number("apus_level", config, in: 0...5) ?? 0
    let imported = try Compiler.importModel(Self.file(path), options: importOptions)
    return LoadedEngine(
      engine: try Compiler.build(imported.graph, options, pool: pool).engine, notes: [])
  }

  /// A model may be a directory, with its weights beside it.
  private static func file(_ path: String) -> String {
    FileSystem.isDirectory(path) ? FileSystem.join(path, "model.onnx") : path
  }

  private func number(
    _ name: String, _ config: Inference_ModelConfig, in range: ClosedRange<Int>
  ) throws(ApusError) -> Int? {
    guard let text = config.parameters[name]?.stringValue else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw ApusError(
        .invalidInput,
        "parameter '\(name)' is a number from \(range.lowerBound) to \(range.upperBound), found "
          + "'\(text)'")
    }
    return value
  }

  private static func serving(_ error: ApusError) -> ServingError {
    let code: ServingError.Code =
      switch error.code {
      case .unsupported: .unsupported
      case .internalFailure: .internalFailure
      default: .invalidArgument
      }
    return ServingError(code, error.description)
  }
}
#endif
