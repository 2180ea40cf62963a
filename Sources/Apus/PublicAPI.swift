internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor

/// A tensor of numbers: 32-bit floats or 64-bit integers, row-major.
public struct Tensor: Sendable {
  let host: HostTensor

  init(_ host: HostTensor) { self.host = host }

  /// A tensor of 32-bit floats; `values` has as many elements as `shape` asks for.
  public init(_ values: [Float], shape: [Int]) throws(ApusError) {
    try self.init(.float32, shape, .real(values.map { Double($0) }))
  }

  /// A tensor of 64-bit integers.
  public init(_ values: [Int], shape: [Int]) throws(ApusError) {
    try self.init(.int64, shape, .signed(values.map { Int64($0) }))
  }

  private init(
    _ element: ElementType, _ shape: [Int], _ values: Elements
  ) throws(ApusError) {
    do { host = try HostTensor(element, shape: shape, values) } catch {
      throw ApusError(.invalidInput, error.description)
    }
  }

  public var shape: [Int] { host.shape }

  /// The elements as 32-bit floats; empty for tensors of strings.
  public var floats: [Float] { ((try? host.reals()) ?? []).map { Float($0) } }

  /// The elements as integers; empty for tensors of reals or strings.
  public var integers: [Int] { (try? host.integers()) ?? [] }
}

/// A model as it was imported, ready to be compiled.
public struct Model: Sendable {
  let graph: Graph

  /// Reads an ONNX file; large weights stay mapped.
  public init(contentsOf path: String) throws(ApusError) {
    graph = try Compiler.importModel(path).graph
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

  /// Loads an engine file.
  public convenience init(contentsOf path: String, threads: Int = 0) throws(ApusError) {
    self.init(try Compiler.load(path, threads: threads).engine)
  }

  /// Writes one portable engine file, atomically.
  public func save(to path: String) throws(ApusError) { try Compiler.save(engine, to: path) }

  public var inputNames: [String] { engine.inputs.map(\.name) }
  public var outputNames: [String] { engine.outputs.map(\.name) }

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
}
