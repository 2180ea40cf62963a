internal import ApusModelConfig
internal import ApusServingSchema
internal import ApusTensor

/// Inputs that a model is run on before it is called ready (`model_warmup`).
struct WarmupInputs: Sendable {
  let name: String
  let inputs: [NamedTensor]
  /// Runs of each instance.
  let count: Int

  static func make(
    _ config: Inference_ModelConfig, _ files: ModelFiles
  ) throws(ServingError) -> [WarmupInputs] {
    var result: [WarmupInputs] = []
    for warmup in config.modelWarmup {
      var inputs: [NamedTensor] = []
      for declared in config.input {
        guard let input = warmup.inputs[declared.name] else { continue }
        let lead = config.maxBatchSize > 0 ? [max(Int(warmup.batchSize), 1)] : []
        inputs.append(
          NamedTensor(
            declared.name, try tensor(input, declared, lead: lead, warmup.name, files)))
      }
      result.append(
        WarmupInputs(name: warmup.name, inputs: inputs, count: max(Int(warmup.count), 1)))
    }
    return result
  }

  private static func tensor(
    _ input: Inference_ModelWarmup.Input, _ declared: Inference_ModelInput, lead: [Int],
    _ name: String, _ files: ModelFiles
  ) throws(ServingError) -> ServedTensor {
    let shape = lead + input.dims.map { Int($0) }
    guard let type = DataType(input.dataType), let count = Array.product(shape), count <= 1 << 32
    else {
      throw ServingError(
        .invalidArgument,
        "model_warmup '\(name)': input '\(declared.name)' has no usable type or dims")
    }
    switch input.inputDataType {
    case .inputDataFile(let file)?:
      let item = try SmallFile.data(try files.path(of: "warmup/\(file)"))
      return try fromFile(type, shape, item, items: lead.first ?? 1, declared.name)
    case .randomData(true)? where type != .bytes:
      return try random(type, shape, count)
    case .zeroData?, .randomData?, nil:
      if type == .bytes {
        return try ServedTensor(
          ByteStrings(Array(repeating: [UInt8](), count: count)), shape: shape)
      }
      guard let zeros = try? HostTensor(zeros: type.element, shape: shape),
        let tensor = ServedTensor(zeros)
      else {
        throw ServingError(
          .invalidArgument, "model_warmup '\(name)': input '\(declared.name)' cannot be made")
      }
      return tensor
    }
  }

  /// A file holds one item, which every item of the batch repeats.
  private static func fromFile(
    _ type: DataType, _ shape: [Int], _ item: Storage, items: Int, _ name: String
  ) throws(ServingError) -> ServedTensor {
    let single = try ServedTensor(
      type, shape: items > 1 ? [1] + shape.dropFirst() : shape, storage: item, offset: 0,
      byteCount: item.byteCount, input: name)
    return try .joined(Array(repeating: single, count: items))
  }

  private static func random(
    _ type: DataType, _ shape: [Int], _ count: Int
  ) throws(ServingError) -> ServedTensor {
    // The same values at every start: a warm-up that fails can be looked into.
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    // Integers are often places in tables, of which all have two.
    let elements: Elements =
      switch type.element.arithmetic {
      case .boolean: .boolean((0..<count).map { _ in next() & 1 == 1 })
      case .unsigned: .unsigned((0..<count).map { _ in next() & 1 })
      case .signed: .signed((0..<count).map { _ in Int64(next() & 1) })
      default: .real((0..<count).map { _ in Double(next()) / Double(1 << 31) })
      }
    return try ServedTensor(type, shape: shape, elements)
  }
}
