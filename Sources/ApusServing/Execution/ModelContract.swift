package import ApusModelConfig
package import ApusServingSchema
internal import Synchronization

/// What a served model takes and gives, in the form that requests are checked against.
package final class ModelContract: Sendable {
  package final class Tensor: Sendable {
    package let name: String
    package let dataType: DataType
    /// Extents that clients see without the batch dimension; -1 where any will do.
    package let dims: [Int]
    /// Extents that the model sees instead; nil where they are the same.
    package let reshape: [Int]?
    package let isOptional: Bool
    package let isRagged: Bool
    package let isShapeTensor: Bool
    /// Names of classes, from the label file of an output.
    package let labels: [String]

    init(
      name: String, dataType: DataType, dims: [Int], reshape: [Int]?, isOptional: Bool,
      isRagged: Bool, isShapeTensor: Bool, labels: [String]
    ) {
      self.name = name
      self.dataType = dataType
      self.dims = dims
      self.reshape = reshape
      self.isOptional = isOptional
      self.isRagged = isRagged
      self.isShapeTensor = isShapeTensor
      self.labels = labels
    }
  }

  package let model: String
  package let version: Int
  /// Tells a version from those that were loaded under its number before.
  let generation: UInt64
  /// 0 where the model has no batch dimension.
  package let maximumBatch: Int
  package let inputs: [Tensor]
  package let outputs: [Tensor]
  package let isDecoupled: Bool
  let inputIndex: [String: Int]
  let outputIndex: [String: Int]
  let requiredInputs: Int

  private static let generations = Atomic<UInt64>(0)

  /// `labels` are classes by output. Throws where an input or output has no type.
  package init(
    _ config: Inference_ModelConfig, version: Int, labels: [String: [String]] = [:]
  ) throws(ServingError) {
    model = config.name
    self.version = version
    generation = Self.generations.wrappingAdd(1, ordering: .relaxed).newValue
    maximumBatch = Int(max(config.maxBatchSize, 0))
    isDecoupled = config.modelTransactionPolicy.decoupled
    func tensor(
      _ name: String, _ type: Inference_DataType, _ dims: [Int64], _ reshape: [Int64]?,
      isOptional: Bool = false, isRagged: Bool = false, isShape: Bool = false
    ) throws(ServingError) -> Tensor {
      guard let dataType = DataType(type) else {
        throw ServingError(
          .invalidArgument, "'\(name)' of model '\(config.name)' has no data type")
      }
      return Tensor(
        name: name, dataType: dataType, dims: dims.map { Int($0) },
        reshape: reshape.map { $0.map { Int($0) } }, isOptional: isOptional, isRagged: isRagged,
        isShapeTensor: isShape, labels: labels[name] ?? [])
    }
    var inputs: [Tensor] = []
    for input in config.input {
      inputs.append(
        try tensor(
          input.name, input.dataType, input.dims, input.hasReshape ? input.reshape.shape : nil,
          isOptional: input.optional, isRagged: input.allowRaggedBatch,
          isShape: input.isShapeTensor))
    }
    var outputs: [Tensor] = []
    for output in config.output {
      outputs.append(
        try tensor(
          output.name, output.dataType, output.dims,
          output.hasReshape ? output.reshape.shape : nil))
    }
    self.inputs = inputs
    self.outputs = outputs
    inputIndex = Dictionary(
      zip(inputs.map(\.name), inputs.indices), uniquingKeysWith: { first, _ in first })
    outputIndex = Dictionary(
      zip(outputs.map(\.name), outputs.indices), uniquingKeysWith: { first, _ in first })
    requiredInputs = inputs.count { !$0.isOptional }
  }
}
