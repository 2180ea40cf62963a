package import ApusTensor

/// What a graph in a file says about a weight that is stored elsewhere.
package struct WeightReference: Hashable, Sendable {
  /// The index that `encode` was given for it.
  package let index: Int
  package let name: String
  package let element: ElementType
  package let shape: [Int]
}

/// The form of weights in a graph.
enum WeightTag: UInt8 {
  case stored, packed, splat, texts
}

/// Why bytes are not a graph.
package enum GraphCodingError: Error, Hashable, Sendable {
  case bytes(CodingError)
  /// The graph is in a form that this build does not know.
  case graphVersion(UInt64)
  case operation(FieldDecodingError, offset: Int)
  case weight(String, TensorError, offset: Int)
  case weightType(String, expected: TensorType, found: TensorType, offset: Int)
  case type(node: String, operator: String, TypeError, offset: Int)
  /// Type rules have changed since the graph was written, or it is damaged.
  case resultType(
    node: String, operator: String, inferred: ValueType, recorded: ValueType, offset: Int)
  case invalid(VerificationError)
}

extension GraphCodingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .bytes(let error): error.description
    case .graphVersion(let version): "graph format \(version) is not known to this build"
    case .operation(let error, let offset): "\(error) (at byte \(offset))"
    case .weight(let name, let error, let offset): "weight '\(name)': \(error) (at byte \(offset))"
    case .weightType(let name, let expected, let found, let offset):
      "weight '\(name)' is \(found), the graph says \(expected) (at byte \(offset))"
    case .type(let node, let operation, let error, let offset):
      "node '\(node)' (\(operation)): \(error) (at byte \(offset))"
    case .resultType(let node, let operation, let inferred, let recorded, let offset):
      "node '\(node)' (\(operation)) is recorded as \(recorded), inferred as \(inferred) "
        + "(at byte \(offset))"
    case .invalid(let error): error.description
    }
  }
}
