internal import Apus
internal import ApusBuilder
internal import ApusEngine
internal import ApusIR
internal import ApusONNX
internal import ApusRuntime
internal import ApusTensor

/// What runs the model of a case. One is made per case.
protocol CaseEvaluator {
  init(modelPath: String) throws
  /// The types of the model's inputs and the names of its outputs, in order.
  var inputTypes: [ValueType] { get }
  var outputNames: [String] { get }
  /// The operators of the graph that run by their definitions, having no kernel.
  var evaluated: [String] { get }
  func run(_ inputs: [HostValue]) throws -> [HostValue]
}

/// Evaluates the imported graph node by node.
struct ReferenceCaseEvaluator: CaseEvaluator {
  private let graph: Graph

  init(modelPath: String) throws { graph = try ONNXImporter.load(path: modelPath).graph }

  var inputTypes: [ValueType] { graph.inputs.map(graph.valueType) }
  var outputNames: [String] { graph.outputs.map(\.name) }
  var evaluated: [String] { graph.nodes.map(\.operation.name) }

  func run(_ inputs: [HostValue]) throws -> [HostValue] {
    try ReferenceEvaluator(graph).run(values: inputs)
  }
}

/// Builds the model at level 0 and runs the plan.
struct OptimizedCaseEvaluator: CaseEvaluator {
  private let engine: Engine

  init(modelPath: String) throws {
    engine = try Compiler.build(try ONNXImporter.load(path: modelPath).graph, Self.options).engine
  }

  private static var options: BuildOptions {
    var options = BuildOptions()
    options.threads = 1
    return options
  }

  var inputTypes: [ValueType] { engine.inputTypes }
  var outputNames: [String] { engine.outputs.map(\.name) }
  var evaluated: [String] { engine.evaluated }

  func run(_ inputs: [HostValue]) throws -> [HostValue] {
    try engine.makeSession().run(values: inputs)
  }
}

/// Like `OptimizedCaseEvaluator`, through an engine file.
struct EngineCaseEvaluator: CaseEvaluator {
  private let engine: Engine

  init(modelPath: String) throws {
    var options = BuildOptions()
    options.threads = 1
    let built = try Compiler.build(try ONNXImporter.load(path: modelPath).graph, options).engine
    let path = temporaryPath(".engine")
    try Compiler.save(built, to: path)
    engine = try Compiler.load(path, threads: 1).engine
    try FileSystem.remove(path)
  }

  var inputTypes: [ValueType] { engine.inputTypes }
  var outputNames: [String] { engine.outputs.map(\.name) }
  var evaluated: [String] { engine.evaluated }

  func run(_ inputs: [HostValue]) throws -> [HostValue] {
    try engine.makeSession().run(values: inputs)
  }
}

extension Engine {
  fileprivate var evaluated: [String] {
    plan.graph.nodes.filter { node in
      !(node.operation is any ViewOperator) && !(node.operation is Extents)
        && plan.choices.contains { $0.tactics[node.id] == nil }
    }.map(\.operation.name)
  }
}

/// How a case ended.
enum CaseStatus {
  /// It ran; the operators without kernels.
  case ok(evaluated: [String])
  case unsupported(String)
  case failed(String)

  init(_ error: any Error) {
    switch error {
    case let error as ImportError where error.isUnsupported: self = .unsupported("\(error)")
    case RuntimeError.evaluation(_, _, let cause) where cause.isUnsupported:
      self = .unsupported("\(error)")
    case EvaluationFailure.node(_, _, .unsupported): self = .unsupported("\(error)")
    case EvaluationFailure.node(_, _, .tensor(.unsupportedElement)):
      self = .unsupported("\(error)")
    default: self = .failed("\(error)")
    }
  }

  var exitCode: Int32 {
    switch self {
    case .ok: 0
    case .unsupported: 3
    case .failed: 1
    }
  }

  var marker: String {
    switch self {
    case .ok: "OK"
    case .unsupported: "UNSUPPORTED"
    case .failed: "ERROR"
    }
  }

  var message: String {
    switch self {
    case .ok(let evaluated):
      evaluated.isEmpty ? "" : "by definition: " + evaluated.joined(separator: " ")
    case .unsupported(let text), .failed(let text): text
    }
  }
}
