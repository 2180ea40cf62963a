/// The core vocabulary. A new operator is entered here once.
package let allOperators: [any Operator.Type] = [
  BatchNormalization.self,
  Binary.self,
  Cast.self,
  Concat.self,
  Convolution.self,
  CumulativeSum.self,
  Elementwise.self,
  Expand.self,
  Extents.self,
  Flatten.self,
  Gather.self,
  GatherElements.self,
  GatherND.self,
  Identity.self,
  LayerNormalization.self,
  LinearAttention.self,
  MatMul.self,
  NumericRange.self,
  Pool.self,
  RMSNormalization.self,
  Reduce.self,
  Reshape.self,
  Select.self,
  ShapeOf.self,
  Slice.self,
  Softmax.self,
  Split.self,
  Squeeze.self,
  Transpose.self,
  Unary.self,
  Unsqueeze.self,
]

private let operatorsByName: [String: any Operator.Type] = Dictionary(
  uniqueKeysWithValues: allOperators.map { ($0.name, $0) })

/// The operator type of a wire name.
package func operatorType(named name: String) -> (any Operator.Type)? { operatorsByName[name] }
