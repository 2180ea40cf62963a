#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusServingSchema
internal import ApusTensor

/// Calls of the generate extension: an object whose keys are inputs, or else parameters.
enum GenerateCoding {
  /// Reads a body. Keys that are inputs of the model become tensors, their shapes made of the model's and
  /// the number of elements; `parameters` holds more of both kinds; other keys are parameters.
  static func read(
    _ body: ByteView, inputs: [Inference_ModelMetadataResponse.TensorMetadata], maxInputSize: Int,
    into request: inout InferenceRequest
  ) throws(ServingError) {
    guard body.count <= maxInputSize else {
      throw InferenceDecoder.tooLarge(body.count, limit: maxInputSize)
    }
    var reader = JSONReader(body)
    try readObject(&reader, inputs, into: &request, isTop: true)
    try reader.finish()
  }

  private static func readObject(
    _ reader: inout JSONReader, _ inputs: [Inference_ModelMetadataResponse.TensorMetadata],
    into request: inout InferenceRequest, isTop: Bool
  ) throws(ServingError) {
    try reader.enterObject()
    var keys: Set<String> = []
    var isFirst = true
    while let key = try reader.nextKey(&isFirst) {
      guard keys.insert(key).inserted else { throw reader.duplicate(key) }
      let input = inputs.first { $0.name == key }
      if isTop, key == "parameters" {
        if input != nil {
          throw ServingError(
            .invalidArgument, "Keyword '\(key)' for nested schema also given as input tensor name"
          )
        }
        reader.skipSpace()
        guard reader.peek == 0x7B else {
          throw ServingError(.invalidArgument, "Expected JSON object for keyword: '\(key)'")
        }
        try readObject(&reader, inputs, into: &request, isTop: false)
      } else if let input {
        if request.inputs.contains(where: { $0.name == key }) {
          throw ServingError(.invalidArgument, "input '\(key)' already exists in request")
        }
        request.inputs.append(NamedTensor(key, try tensor(&reader, input)))
      } else if isTop, key == "id" {
        request.id = try reader.value().asText("id")
      } else {
        try request.set(key, reader.value())
      }
    }
  }

  private static func tensor(
    _ reader: inout JSONReader, _ input: Inference_ModelMetadataResponse.TensorMetadata
  ) throws(ServingError) -> ServedTensor {
    guard let type = DataType(named: input.datatype) else {
      throw ServingError(
        .invalidArgument, "input '\(input.name)' has unsupported datatype \(input.datatype)")
    }
    var ahead = reader
    let count = try elementCount(&ahead)
    let shape = try shape(of: input, elements: count)
    reader.skipSpace()
    if reader.peek == 0x5B { return try reader.tensor(type, shape: shape, input: input.name) }
    return try reader.single(type, shape: shape, input: input.name)
  }

  /// Values that come next, in an array or one without.
  private static func elementCount(_ reader: inout JSONReader) throws(ServingError) -> Int {
    reader.skipSpace()
    guard reader.peek == 0x5B else { return 1 }
    try reader.enterArray()
    var count = 0
    var isFirst = true
    while try reader.nextElement(&isFirst) {
      try reader.skipValue()
      count += 1
    }
    return count
  }

  /// Gives the elements to the fixed extents, the rest to the innermost that varies, and 1 to others.
  private static func shape(
    of input: Inference_ModelMetadataResponse.TensorMetadata, elements: Int
  ) throws(ServingError) -> [Int] {
    let mismatch = ServingError(
      .invalidArgument,
      "The schema can not convert input '\(input.name)' to tensor with proper shape")
    var shape: [Int] = []
    var rest = elements
    for extent in input.shape {
      guard let extent = Int(exactly: extent) else { throw mismatch }
      shape.append(extent)
      if extent >= 0 {
        guard extent > 0, rest % extent == 0 else { throw mismatch }
        rest /= extent
      }
    }
    for index in shape.indices.reversed() where shape[index] < 0 {
      shape[index] = rest
      rest = 1
    }
    guard rest == 1 else { throw mismatch }
    return shape
  }

  /// Writes a response: what it is of, and outputs and parameters under their names.
  static func write(
    _ response: InferenceResponse, _ writer: inout JSONWriter
  ) throws(ServingError) {
    try writer.object { (writer) throws(ServingError) in
      if !response.id.isEmpty {
        writer.key("id")
        writer.string(response.id)
      }
      writer.key("model_name")
      writer.string(response.model)
      writer.key("model_version")
      writer.string("\(response.version)")
      for (name, value) in response.parameters.sorted(by: { $0.key < $1.key }) {
        writer.key(name)
        writer.parameter(value)
      }
      for output in response.outputs {
        writer.key(output.name)
        try writer.elements(output.tensor, output: output.name, unwrapsOne: true)
      }
    }
  }

  static func answer(_ response: InferenceResponse) -> HTTPAnswer {
    do throws(ServingError) {
      var writer = JSONWriter()
      try write(response, &writer)
      return HTTPAnswer(contentType: "application/json", body: writer.bytes)
    } catch {
      return .error(error)
    }
  }

  static func event(_ response: InferenceResponse) -> [UInt8] {
    ServerSentEvent.data { (writer) throws(ServingError) in try write(response, &writer) }
  }
}
#endif
