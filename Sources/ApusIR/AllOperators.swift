/// The core vocabulary. A new operator is entered here once.
package let allOperators: [any Operator.Type] = [
  Binary.self,
  Reshape.self,
  Softmax.self,
  Unary.self,
]

private let operatorsByName: [String: any Operator.Type] = Dictionary(
  uniqueKeysWithValues: allOperators.map { ($0.name, $0) })

/// The operator type of a wire name.
package func operatorType(named name: String) -> (any Operator.Type)? { operatorsByName[name] }
