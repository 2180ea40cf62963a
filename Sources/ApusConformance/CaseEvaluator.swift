internal import ApusIR
internal import ApusONNX
internal import ApusTensor

/// What runs the model of a case. One is made per case.
protocol CaseEvaluator {
  init(modelPath: String) throws
  /// The names of the model's inputs and outputs, in order.
  var inputNames: [String] { get }
  var outputNames: [String] { get }
  func run(_ inputs: [HostTensor]) throws -> [HostTensor]
}

/// Evaluates the imported graph node by node.
struct ReferenceCaseEvaluator: CaseEvaluator {
  private let graph: Graph

  init(modelPath: String) throws { graph = try ONNXImporter.load(path: modelPath).graph }

  var inputNames: [String] { graph.inputs.map { graph[$0].name } }
  var outputNames: [String] { graph.outputs.map(\.name) }

  func run(_ inputs: [HostTensor]) throws -> [HostTensor] {
    try ReferenceEvaluator(graph).run(inputs)
  }
}

/// How a case ended.
enum CaseStatus {
  case ok
  case unsupported(String)
  case failed(String)

  init(_ error: any Error) {
    switch error {
    case let error as ImportError where error.isUnsupported: self = .unsupported("\(error)")
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
    case .ok: ""
    case .unsupported(let text), .failed(let text): text
    }
  }
}
