internal import ApusIR
internal import ApusTensor

/// MaxPool, AveragePool and the global pools.
enum Pooling {
  static func maximum(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    var operation = try pool(
      .maximum, context, &attributes, hasDilations: context.opset >= 10)
    if context.opset >= 8 {
      operation.columnMajorIndices = try attributes.flag("storage_order", default: false)
      operation.indices = context.uses(output: 1)
    }
    let results = try context.add(operation, [try context.operand(0, "X")])
    return results.count == 1 ? [results[0], nil] : results
  }

  static func average(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    var operation = try pool(
      .average, context, &attributes, hasDilations: context.opset >= 19)
    if context.opset >= 7 {
      operation.includePadding = try attributes.flag("count_include_pad", default: false)
    }
    return try context.add(operation, [try context.operand(0, "X")])
  }

  /// The operation that a pool's attributes describe.
  static func pool(
    _ kind: PoolKind, _ context: NodeContext, _ attributes: inout AttributeReader,
    hasDilations: Bool
  ) throws(ImportError) -> Pool {
    let window = try WindowAttributes(&attributes, hasDilations: hasDilations)
    guard let kernel = window.kernel else {
      throw .invalid("it is required", .attribute("kernel_shape"))
    }
    var operation = Pool()
    operation.kind = kind
    operation.kernel = kernel
    operation.strides = window.strides
    operation.dilations = window.dilations
    operation.pads = window.pads
    operation.padding = window.padding
    if context.opset >= 10 || attributes.has("ceil_mode") && hasDilations {
      operation.ceilMode = try attributes.flag("ceil_mode", default: false)
    }
    return operation
  }

  static func global(_ kind: ReduceKind) -> OperatorImporter.Run {
    { (context, attributes) throws(ImportError) in
      try context.expect(1)
      let x = try context.operand(0, "X")
      let axes = try context.spatialAxes(of: x)
      return [try context.one(Reduce(kind, emptyAxesMeansNone: true), x, axes)]
    }
  }
}

extension NodeContext {
  /// The axes behind batch and channels, as a vector.
  func spatialAxes(of value: ValueID) throws(ImportError) -> ValueID {
    if let rank = rank(value) { return try vector(rank > 2 ? Array(2..<rank) : []) }
    let rank = try one(
      Squeeze(), try one(ShapeOf(), try one(ShapeOf(), value)), try vector([0]))
    return try one(NumericRange(), try integerScalar(2), rank, try integerScalar(1))
  }
}
