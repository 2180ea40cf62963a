package import ApusTensor

/// What is wrong with the text of a graph, and where.
package struct GraphSyntaxError: Error, Hashable, Sendable {
  package let line: Int
  package let column: Int
  package let reason: Reason

  package enum Reason: Hashable, Sendable {
    case expected(String)
    case unexpected(String, expected: String)
    case undefinedValue(String)
    /// A name is used for two values.
    case definedTwice(String)
    /// A weight has no value in the text, and the caller has none.
    case missingWeight(String)
    case weightType(String, expected: TensorType, found: TensorType)
    case operation(FieldDecodingError)
    case tensor(TensorError)
    case program(String)
    case extent(ExtentSyntaxError)
    case type(TypeError)
    /// The text states another type than the operator's rule gives.
    case resultType(stated: ValueType, inferred: ValueType)
  }
}

extension GraphSyntaxError: CustomStringConvertible {
  package var description: String { "line \(line), column \(column): \(reason)" }
}

extension GraphSyntaxError.Reason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .expected(let what): "expected \(what)"
    case .unexpected(let found, let expected): "found \(found), expected \(expected)"
    case .undefinedValue(let name): "\(name) is not defined here"
    case .definedTwice(let name): "\(name) is defined twice"
    case .missingWeight(let name): "weight '\(name)' has no value in the text and none was given"
    case .weightType(let name, let expected, let found):
      "weight '\(name)' was given as \(found), the text says \(expected)"
    case .operation(let error): error.description
    case .tensor(let error): error.description
    case .program(let reason): reason
    case .extent(let error): error.description
    case .type(let error): error.description
    case .resultType(let stated, let inferred):
      "the text states \(stated), the operator gives \(inferred)"
    }
  }
}
