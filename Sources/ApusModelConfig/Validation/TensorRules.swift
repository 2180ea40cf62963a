internal import ApusServingSchema

/// Names, types and shapes of inputs and outputs.
enum TensorRules {
  static func check(_ config: Inference_ModelConfig, _ backend: ModelBackend) throws(ConfigError) {
    var names: Set<String> = []
    for (index, input) in config.input.enumerated() {
      let field = "input[\(index)]"
      try check(
        Tensor(
          name: input.name, type: input.dataType, dims: input.dims,
          reshape: input.hasReshape ? input.reshape.shape : nil), field, config)
      if !names.insert(input.name).inserted {
        throw ConfigError("'\(input.name)' is the name of another input", field: "\(field).name")
      }
      if input.format != .none, input.dims.count != 3 {
        throw ConfigError(
          "FORMAT_NHWC and FORMAT_NCHW are for inputs of 3 dims, this has \(input.dims.count)",
          field: "\(field).format")
      }
      try checkLayout(
        isShape: input.isShapeTensor, isNonLinear: input.isNonLinearFormatIo, field, config, backend
      )
    }
    names = []
    for (index, output) in config.output.enumerated() {
      let field = "output[\(index)]"
      try check(
        Tensor(
          name: output.name, type: output.dataType, dims: output.dims,
          reshape: output.hasReshape ? output.reshape.shape : nil), field, config)
      if !names.insert(output.name).inserted {
        throw ConfigError("'\(output.name)' is the name of another output", field: "\(field).name")
      }
      try checkLayout(
        isShape: output.isShapeTensor, isNonLinear: output.isNonLinearFormatIo, field, config,
        backend)
      try FileRules.check(output.labelFilename, field: "\(field).label_filename")
    }
    try FileRules.check(config.defaultModelFilename, field: "default_model_filename")
  }

  private struct Tensor {
    let name: String
    let type: Inference_DataType
    let dims: [Int64]
    let reshape: [Int64]?
  }

  private static func checkLayout(
    isShape: Bool, isNonLinear: Bool, _ field: String, _ config: Inference_ModelConfig,
    _ backend: ModelBackend
  ) throws(ConfigError) {
    if isShape {
      guard backend == .engine else {
        throw ConfigError(
          "shape tensors are for platform 'tensorrt_plan' only", field: "\(field).is_shape_tensor")
      }
      guard config.maxBatchSize == 0 else {
        throw ConfigError(
          "shape tensors of models that are batched are not supported",
          field: "\(field).is_shape_tensor", hint: "set max_batch_size to 0")
      }
    }
    if isNonLinear {
      throw ConfigError(
        "inputs and outputs in formats other than linear are not supported",
        field: "\(field).is_non_linear_format_io")
    }
  }

  private static func check(
    _ tensor: Tensor, _ field: String, _ config: Inference_ModelConfig
  ) throws(ConfigError) {
    if tensor.name.isEmpty { throw ConfigError("is empty", field: "\(field).name") }
    guard DataType(tensor.type) != nil else {
      throw ConfigError("of '\(tensor.name)' is missing", field: "\(field).data_type")
    }
    guard !tensor.dims.isEmpty else {
      throw ConfigError(
        "of '\(tensor.name)' is missing", field: "\(field).dims",
        hint: "a single value has dims: [ 1 ]")
    }
    try checkDims(tensor.dims, field: "\(field).dims", of: tensor.name)
    guard let reshape = tensor.reshape else { return }
    try checkDims(reshape, field: "\(field).reshape", of: tensor.name)
    if reshape.isEmpty, config.maxBatchSize == 0 {
      throw ConfigError(
        "cannot be empty where max_batch_size is 0", field: "\(field).reshape",
        hint: "leave it out: dims: [ 1 ] serves a single value")
    }
    guard products(of: tensor.dims) == products(of: reshape) else {
      throw ConfigError(
        "has another number of elements than dims: \(text(reshape)) and \(text(tensor.dims))",
        field: "\(field).reshape")
    }
  }

  /// Dimensions are 1 or more, or -1; their product fits 64 bits.
  static func checkDims(
    _ dims: [Int64], field: String, of name: String, allowsVariable: Bool = true
  ) throws(ConfigError) {
    for (index, dim) in dims.enumerated() where dim < 1 && !(dim == -1 && allowsVariable) {
      throw ConfigError(
        "of '\(name)' must be 1 or more\(allowsVariable ? ", or -1 where it varies" : ""), is \(dim)",
        field: "\(field)[\(index)]")
    }
    var product: Int64 = 1
    for dim in dims where dim > 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: dim)
      // Batches and bytes multiply it again.
      guard !overflow, next < 1 << 48 else {
        throw ConfigError("of '\(name)' have too many elements: \(text(dims))", field: field)
      }
      product = next
    }
  }

  /// Elements between the variable dimensions: [2, 4, -1, 6] and [8, -1, 1, 6] have the same.
  private static func products(of dims: [Int64]) -> [Int64] {
    var products: [Int64] = [1]
    for dim in dims {
      if dim < 0 { products.append(1) } else { products[products.count - 1] &*= dim }
    }
    return products
  }

  static func text(_ dims: [Int64]) -> String {
    "[" + dims.map { "\($0)" }.joined(separator: ",") + "]"
  }
}

/// Names of files in the model's directory.
enum FileRules {
  /// Configurations come over the network as well, so that no file elsewhere can be named.
  static func check(_ name: String, field: String) throws(ConfigError) {
    guard !name.isEmpty else { return }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.hasPrefix("/"), !parts.contains(".."), !name.unicodeScalars.contains("\0") else {
      throw ConfigError("'\(name)' is not inside of the model's directory", field: field)
    }
  }
}
