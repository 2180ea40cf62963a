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
  /// An input is a container where a tensor is needed, or the other way round.
  case inputKind(name: String, expected: ValueType, found: ValueType)
  /// An output is a container, and the caller asked for tensors.
  case outputKind(name: String, found: ValueType)
  /// The engine file's weights are damaged.
  case engine(EngineFileError)
  /// A run with a cache was refused.
  case cache(CacheError)
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
      "the run needs \(needed) bytes of activations, the limit is \(limit); allow more with "
        + "--memPoolSize=workspace:\((needed >> 20) + 1)M"
    case .unknownProfile(let index, let count):
      "there is no optimisation profile \(index); the engine has \(count)"
    case .tensor(let error): error.description
    case .inputKind(let name, let expected, let found):
      "input '\(name)' is a \(found), expected a \(expected)"
    case .outputKind(let name, let found): "output '\(name)' is a \(found), not a tensor"
    case .engine(let error): error.description
    case .cache(let error): error.description
    case .cancelled: "cancelled"
    }
  }
}
