package import ApusEngine
package import ApusIR
package import ApusTensor

/// Why a run failed. The session stays usable.
package enum RuntimeError: Error, Sendable {
  case missingInput(name: String, expected: TensorType)
  case unknownInput(name: String, known: [String])
  case inputType(name: String, expected: TensorType, found: TensorType)
  /// Two inputs give one symbol different values, or a shape contradicts its expression.
  case binding(BindingError)
  /// A node's type rule refuses the shapes of this run.
  case type(node: String, operation: String, TypeError)
  case evaluation(node: String, operation: String, EvaluationError)
  case tactic(node: String, TacticError)
  case noTacticSource(node: String, source: String)
  case memoryLimit(needed: Int, limit: Int)
  case unknownProfile(Int, count: Int)
  case tensor(TensorError)
  /// Host evaluation of a graph with strings failed.
  case reference(EvaluationFailure)
  /// The engine file's weights are damaged.
  case engine(EngineFileError)
  case cancelled
}

extension RuntimeError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingInput(let name, let expected): "input '\(name)' (\(expected)) is missing"
    case .unknownInput(let name, let known):
      "there is no input '\(name)'; the inputs are \(known.joined(separator: ", "))"
    case .inputType(let name, let expected, let found):
      "input '\(name)' is \(found), expected \(expected)"
    case .binding(let error): error.description
    case .type(let node, let operation, let error): "node '\(node)' (\(operation)): \(error)"
    case .evaluation(let node, let operation, let error): "node '\(node)' (\(operation)): \(error)"
    case .tactic(let node, let error): "node '\(node)': \(error)"
    case .noTacticSource(let node, let source):
      "node '\(node)' needs tactic source '\(source)', which this build does not have"
    case .memoryLimit(let needed, let limit):
      "the run needs \(needed) bytes of activations, the limit is \(limit)"
    case .unknownProfile(let index, let count):
      "there is no optimisation profile \(index); the engine has \(count)"
    case .tensor(let error): error.description
    case .reference(let error): "\(error)"
    case .engine(let error): error.description
    case .cancelled: "cancelled"
    }
  }
}
