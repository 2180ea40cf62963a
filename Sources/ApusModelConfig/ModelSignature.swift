/// The type of an input or output as the model itself tells it, the batch dimension included.
package struct TensorSignature: Hashable, Sendable {
  package let name: String
  /// Nil where the protocol has no name for the element type, which `elementName` then says.
  package let dataType: DataType?
  /// The model's own name of the element type, for messages.
  package let elementName: String
  /// Extents, -1 where they differ from run to run; nil where the rank is unknown.
  package let dims: [Int]?
  /// Whether the model runs without it.
  package let isOptional: Bool

  package init(
    _ name: String, _ dataType: DataType?, elementName: String = "", dims: [Int]?,
    isOptional: Bool = false
  ) {
    self.name = name
    self.dataType = dataType
    self.elementName = elementName.isEmpty ? dataType?.name ?? "" : elementName
    self.dims = dims
    self.isOptional = isOptional
  }
}

/// What goes into a model and comes out.
package struct ModelSignature: Hashable, Sendable {
  package let inputs: [TensorSignature]
  package let outputs: [TensorSignature]

  package init(inputs: [TensorSignature], outputs: [TensorSignature]) {
    self.inputs = inputs
    self.outputs = outputs
  }
}
