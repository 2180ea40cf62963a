internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor

/// A model as it was imported, ready to be compiled.
public struct Model: Sendable {
  let graph: Graph

  /// Reads an ONNX file; large weights stay mapped. Operators that Apus does not know are looked up
  /// in `operators` and then among those registered for the process.
  public init(
    contentsOf path: String, operators: OperatorLibrary = OperatorLibrary([])
  ) throws(ApusError) {
    var options = ImportOptions()
    options.custom = operators.operators
    graph = try Compiler.importModel(path, options: options).graph
  }

  /// Optimises and compiles for this machine. Level 0 takes the likely fastest tactics and
  /// neither verifies nor times them; from level 1 on each is verified against the operator's
  /// definition, and the fastest taken. `threads` of 0 takes every processor.
  public func compile(level: Int = 0, threads: Int = 0) throws(ApusError) -> CompiledModel {
    var options = BuildOptions()
    options.level = level
    options.threads = threads
    return CompiledModel(try Compiler.build(graph, options).engine)
  }
}

/// A compiled model: immutable, to be shared between threads.
public final class CompiledModel: Sendable {
  private let engine: Engine

  init(_ engine: Engine) { self.engine = engine }

  /// Loads an engine file; `operators` as for `Model`.
  public convenience init(
    contentsOf path: String, threads: Int = 0, operators: OperatorLibrary = OperatorLibrary([])
  ) throws(ApusError) {
    let loaded = try Compiler.load(path, threads: threads, custom: operators.operators)
    self.init(loaded.engine)
  }

  /// Writes one portable engine file, atomically.
  public func save(to path: String) throws(ApusError) { try Compiler.save(engine, to: path) }

  public var inputNames: [String] { engine.inputs.map(\.name) }
  public var outputNames: [String] { engine.outputs.map(\.name) }

  /// Inputs that a `Cache` can hold: pasts that the model extends along one axis and returns.
  public var cachedInputNames: [String] { engine.cachePairs.map(\.input) }

  /// Makes room for the past of one sequence, or of one batch of sequences: `capacity` positions at
  /// first; a run that needs more doubles it up to `maximum`, which is `capacity` where left out.
  /// A model without pasts is refused.
  public func makeCache(capacity: Int, maximum: Int? = nil) throws(ApusError) -> Cache {
    do { return Cache(try KVCache(engine: engine, capacity: capacity, maximum: maximum)) } catch {
      throw ApusError(.invalidInput, error.description)
    }
  }

  /// Starts a session: activations of its own, one thread at a time.
  public func makeSession() -> InferenceSession { InferenceSession(engine.makeSession()) }
}

/// Runs a compiled model. Make one a thread.
public final class InferenceSession {
  private let session: Session

  init(_ session: Session) { self.session = session }

  /// Computes outputs by name for inputs by name, at any shapes that the model accepts.
  public func run(_ inputs: [String: Tensor]) throws(ApusError) -> [String: Tensor] {
    do {
      return try session.run(inputs.mapValues(\.host)).mapValues { Tensor($0) }
    } catch { throw ApusError(.invalidInput, error.description) }
  }

  /// As `run(_:)`, with the past in `cache`: inputs that it holds are not given, outputs that extend
  /// them are appended in place and not returned. On an error the cache is as it was. Any session of
  /// the model may use the cache, one at a time.
  public func run(
    _ inputs: [String: Tensor], cache: Cache
  ) throws(ApusError) -> [String: Tensor] {
    do {
      return try session.run(inputs.mapValues(\.host), cache: cache.keys).mapValues { Tensor($0) }
    } catch { throw ApusError(.invalidInput, error.description) }
  }
}

/// The keys and values of a decoder's past, kept in place between runs.
///
///     let cache = try model.makeCache(capacity: 1024)
///     let logits = try session.run(["input_ids": tokens], cache: cache)["logits"]
public final class Cache: Sendable {
  let keys: KVCache

  init(_ keys: KVCache) { self.keys = keys }

  /// Positions held.
  public var length: Int { keys.length }

  /// Positions that fit before the cache has to grow.
  public var capacity: Int { keys.capacity }

  /// Forgets all positions; the next run may have another batch size.
  public func reset() throws(ApusError) { try truncate(to: 0) }

  /// Forgets the positions from `length` on, such as drafts that were not accepted.
  public func truncate(to length: Int) throws(ApusError) {
    do { try keys.truncate(to: length) } catch {
      throw ApusError(.invalidInput, error.description)
    }
  }

  /// Dense copies of the past by input name: what a run without the cache takes.
  public func contents() throws(ApusError) -> [String: Tensor] {
    do { return try keys.contents().mapValues { Tensor($0) } } catch {
      throw ApusError(.invalidInput, error.description)
    }
  }
}
