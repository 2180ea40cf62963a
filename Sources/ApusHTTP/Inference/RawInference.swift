#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusServingSchema
internal import ApusTensor

/// Infer calls whose whole body is the one input of the model (`Inference-Header-Content-Length: 0`).
enum RawInference {
  /// The input, with a shape made of the configuration's and the number of bytes: a batch of one, and one
  /// dimension at most that varies.
  static func input(
    _ body: ByteView, config: Inference_ModelConfig
  ) throws(ServingError) -> NamedTensor {
    let model = config.name
    guard config.input.count == 1, let input = config.input.first else {
      throw ServingError(
        .invalidArgument,
        "Raw request must only have 1 input (found 1) to be deduced but got \(config.input.count) "
          + "inputs in '\(model)' model configuration")
    }
    guard let type = DataType(input.dataType) else {
      throw ServingError(
        .unsupported, "the raw input '\(input.name)' has no type that the protocol knows")
    }
    var shape: [Int] = config.maxBatchSize != 0 ? [1] : []
    var varying: Int?
    var count = 1
    for dim in input.dims {
      if dim == -1 {
        guard varying == nil else {
          throw ServingError(
            .invalidArgument,
            "The shape of the raw input '\(input.name)' can not be deduced because there are more "
              + "than one variable-sized dimension")
        }
        varying = shape.count
      } else {
        let product = count.multipliedReportingOverflow(by: Int(dim))
        guard dim >= 0, !product.overflow else {
          throw ServingError(.invalidArgument, "invalid shape for input '\(input.name)'")
        }
        count = product.partialValue
      }
      shape.append(Int(dim))
    }
    guard let width = type.byteWidth else {
      guard varying == nil, count == 1 else {
        throw ServingError(
          .invalidArgument,
          "For BYTE datatype raw input '\(input.name)', the model must have input shape [1]")
      }
      return NamedTensor(input.name, try text(body, shape: shape, name: input.name))
    }
    if let varying {
      let unit = count.multipliedReportingOverflow(by: width)
      guard !unit.overflow, unit.partialValue > 0 else {
        throw ServingError(.invalidArgument, "invalid shape for input '\(input.name)'")
      }
      shape[varying] = body.count / unit.partialValue
    }
    return NamedTensor(
      input.name,
      try ServedTensor(
        type, shape: shape, storage: body.storage, offset: body.offset, byteCount: body.count,
        input: input.name))
  }

  /// The body as the only element of a BYTES tensor.
  private static func text(
    _ body: ByteView, shape: [Int], name: String
  ) throws(ServingError) -> ServedTensor {
    var bytes: [UInt8] = []
    body.append(0..<body.count, to: &bytes)
    return try ServedTensor(ByteStrings([bytes]), shape: shape)
  }
}
#endif
