internal import ApusIR
internal import ApusTensor

/// Conv.
enum ConvolutionFamily {
  static func convolution(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let weight = try context.operand(1, "W")
    let operation = try operation(
      &attributes, weight: context.fact(weight).type, hasBias: context.optional(2) != nil)
    var operands: [ValueID?] = [try context.operand(0, "X"), weight]
    if let bias = context.optional(2) { operands.append(bias) }
    return try context.add(operation, operands)
  }

  /// The operation that a convolution's attributes describe.
  static func operation(
    _ attributes: inout AttributeReader, weight: TensorType, hasBias: Bool
  ) throws(ImportError) -> Convolution {
    let window = try WindowAttributes(&attributes)
    try check(window.kernel, weight)
    var operation = Convolution()
    operation.strides = window.strides
    operation.dilations = window.dilations
    operation.pads = window.pads
    operation.padding = window.padding
    operation.group = try attributes.integer("group", default: 1)
    operation.hasBias = hasBias
    return operation
  }

  /// `kernel_shape` repeats what the weight says.
  private static func check(_ kernel: [Int]?, _ weight: TensorType) throws(ImportError) {
    guard let kernel, let extents = weight.extents else { return }
    let found = extents.dropFirst(2)
    guard kernel.count == found.count,
      zip(kernel, found).allSatisfy({ $1.fixed.map { [kernel = $0] in $0 == kernel } ?? true })
    else {
      throw .invalid("it is \(kernel), the weight is \(weight)", .attribute("kernel_shape"))
    }
  }
}
