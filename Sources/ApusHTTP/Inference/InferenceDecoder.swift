#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor

/// Reads the body of an infer call: a JSON text, and after it the bytes of binary inputs in their order.
struct InferenceDecoder {
  let sharedMemory: SharedMemoryRegistry
  /// Bytes that the JSON text may have.
  let maxInputSize: Int

  /// What an input's part of the text says of it.
  final class Input {
    var name: String?
    var dataType: String?
    var shape: [Int]?
    /// Where `data` stands in the text.
    var data: Range<Int>?
    var tensor: ServedTensor?
    var parameters = TensorParameters()
  }

  private static let keys = ["id", "parameters", "inputs", "outputs"]
  private static let inputKeys = ["name", "datatype", "shape", "parameters", "data"]
  private static let outputKeys = ["name", "parameters"]
  private static let formKeys = ["binary_data_output"]

  /// Decodes `body` of a call to that model, whose JSON text has `headerLength` bytes; all of them where that is
  /// nil. `recent` is of calls with the same head; nil remembers nothing.
  func decode(
    _ body: ByteView, headerLength: Int?, model: String, version: Int?, arrival: UInt64,
    recent: RecentInference? = nil
  ) throws(ServingError) -> InferenceCall {
    let length = headerLength ?? body.count
    guard length <= maxInputSize else {
      throw InferenceDecoder.tooLarge(length, limit: maxInputSize)
    }
    let text = body[0..<length]
    let payload = body[length..<body.count]
    if let known = recent?.request, var call = decode(text, payload, like: known) {
      call.request.arrival = arrival
      return call
    }
    var call = InferenceCall(
      request: InferenceRequest(model: model, version: version, arrival: arrival))
    var reader = JSONReader(text)
    try reader.enterObject()
    var inputs: [Input]?
    var seen: UInt32 = 0
    var isFirst = true
    while let key = try reader.nextKey(of: Self.keys, &seen, &isFirst) {
      switch key {
      case 0: call.request.id = try reader.value().asText("id")
      case 1: try readParameters(&reader, &call)
      case 2: inputs = try readInputs(&reader)
      case 3: try readOutputs(&reader, &call)
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard let inputs else {
      throw ServingError(
        .invalidArgument,
        "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'")
    }
    recent?.remember(text, inputs, call)
    try place(inputs, payload: payload, reader, &call)
    return call
  }

  /// Decodes a text that is another one but for the data of inputs; nil where it is not, or there is something to say
  /// about its data.
  private func decode(
    _ text: ByteView, _ payload: ByteView, like known: RecentInference.Request
  ) -> InferenceCall? {
    var inputs: [NamedTensor] = []
    inputs.reserveCapacity(known.inputs.count)
    var place = 0
    var used = 0
    var pieces = known.pieces[...]
    for input in known.inputs {
      let tensor: ServedTensor
      if let size = input.byteCount {
        guard
          let bytes = try? self.tensor(
            input.type, input.shape, size, payload, &used, input.name, known.call.request.model)
        else { return nil }
        tensor = bytes
      } else {
        guard let piece = pieces.popFirst(), text.holds(piece, at: place) else { return nil }
        var reader = JSONReader(text, at: place + piece.count, depth: Self.depthOfData)
        guard let read = try? reader.tensor(input.type, shape: input.shape, input: input.name)
        else { return nil }
        tensor = read
        place = reader.position
      }
      inputs.append(NamedTensor(input.name, tensor))
    }
    guard let piece = pieces.first, text.count - place == piece.count, text.holds(piece, at: place),
      used == payload.count
    else { return nil }
    var call = known.call
    call.request.inputs = inputs
    return call
  }

  /// Objects and arrays around the data of an input.
  private static let depthOfData = 3

  /// Shapes are told in messages and copied; no tensor has so many extents.
  private static let highestRank = 256

  static func tooLarge(_ size: Int, limit: Int) -> ServingError {
    ServingError(
      .invalidArgument,
      "request JSON size of \(size) bytes exceeds the maximum allowed input size of \(limit) bytes. "
        + "Use --http-max-input-size to increase the limit.")
  }

  // MARK: Parts of the text

  private func readParameters(
    _ reader: inout JSONReader, _ call: inout InferenceCall
  ) throws(ServingError) {
    try reader.enterObject()
    var seen: UInt32 = 0
    var keys: Set<String> = []
    var isFirst = true
    while let key = try reader.nextKey(&isFirst, orOneOf: Self.formKeys, &seen) {
      guard let key else {
        // The one that is in nearly all requests takes no memory.
        call.layout.isBinary = try reader.value().asBool("binary_data_output")
        continue
      }
      guard keys.insert(key).inserted else { throw reader.duplicate(key) }
      try call.request.set(key, reader.value())
    }
  }

  private func readInputs(_ reader: inout JSONReader) throws(ServingError) -> [Input] {
    var inputs: [Input] = []
    reader.skipSpace()
    guard reader.peek == 0x5B else { throw reader.expected("an array as 'inputs'") }
    try reader.enterArray()
    var isFirst = true
    while try reader.nextElement(&isFirst) { inputs.append(try readInput(&reader)) }
    return inputs
  }

  private func readInput(_ reader: inout JSONReader) throws(ServingError) -> Input {
    let input = Input()
    var seen: UInt32 = 0
    try reader.enterObject()
    var isFirst = true
    while let key = try reader.nextKey(of: Self.inputKeys, &seen, &isFirst) {
      switch key {
      case 0: input.name = try reader.value().asText("name")
      case 1: input.dataType = try reader.value().asText("datatype")
      case 2: input.shape = try readShape(&reader)
      case 3: input.parameters = try TensorParameters(&reader)
      case 4:
        reader.skipSpace()
        let start = reader.position
        // The type usually stands before; a text that has it after is read again at the end.
        if let name = input.name, let shape = input.shape,
          let type = input.dataType.flatMap(DataType.init(named:))
        {
          input.tensor = try reader.tensor(type, shape: shape, input: name)
        } else {
          try reader.skipValue()
        }
        input.data = start..<reader.position
      default: try reader.skipValue()
      }
    }
    return input
  }

  private func readShape(_ reader: inout JSONReader) throws(ServingError) -> [Int] {
    reader.skipSpace()
    guard reader.peek == 0x5B else { throw reader.expected("an array as 'shape'") }
    try reader.enterArray()
    var shape: [Int] = []
    var isFirst = true
    while try reader.nextElement(&isFirst) {
      reader.skipSpace()
      if reader.peek == 0x2D { throw reader.failure("'shape' has an extent below 0") }
      shape.append(try reader.integer(Int.self, "an extent of 'shape'"))
      guard shape.count <= Self.highestRank else {
        throw reader.failure("'shape' has more than \(Self.highestRank) extents")
      }
    }
    return shape
  }

  private func readOutputs(
    _ reader: inout JSONReader, _ call: inout InferenceCall
  ) throws(ServingError) {
    reader.skipSpace()
    guard reader.peek == 0x5B else { throw reader.expected("an array as 'outputs'") }
    try reader.enterArray()
    var isFirstOutput = true
    while try reader.nextElement(&isFirstOutput) {
      var name: String?
      var parameters = TensorParameters()
      var seen: UInt32 = 0
      var isFirst = true
      try reader.enterObject()
      while let key = try reader.nextKey(of: Self.outputKeys, &seen, &isFirst) {
        switch key {
        case 0: name = try reader.value().asText("name")
        case 1: parameters = try TensorParameters(&reader)
        default: try reader.skipValue()
        }
      }
      guard let name else { throw Self.missing("name", of: "an output") }
      var requested = RequestedOutput(name)
      requested.classification = parameters.classification ?? 0
      if let range = try parameters.range() {
        guard parameters.classification == nil else {
          throw Self.exclusive("classification")
        }
        guard parameters.isBinary != true else { throw Self.exclusive("binary_data") }
        requested.destination = try sharedMemory.lease(range)
      }
      if let isBinary = parameters.isBinary {
        call.layout.ofOutput.append(AnswerLayout.Output(name: name, isBinary: isBinary))
      }
      call.request.outputs.append(requested)
    }
  }

  private static func exclusive(_ other: String) -> ServingError {
    ServingError(
      .invalidArgument, "Output can't set both 'shared_memory_region' and '\(other)'")
  }

  private static func missing(_ key: String, of what: String) -> ServingError {
    ServingError(.invalidArgument, "Unable to parse '\(key)': \(what) has none")
  }

  // MARK: Bytes after the text

  private func place(
    _ inputs: [Input], payload: ByteView, _ reader: JSONReader, _ call: inout InferenceCall
  ) throws(ServingError) {
    var used = 0
    call.request.inputs.reserveCapacity(inputs.count)
    for input in inputs {
      guard let name = input.name else { throw Self.missing("name", of: "an input") }
      guard let typeName = input.dataType else {
        throw Self.missing("datatype", of: "input '\(name)'")
      }
      guard let type = DataType(named: typeName) else {
        throw ServingError(
          .invalidArgument, "invalid datatype '\(typeName)' for input '\(name)'")
      }
      guard let shape = input.shape else { throw Self.missing("shape", of: "input '\(name)'") }
      try requireOneSource(input)
      let tensor: ServedTensor
      if let parsed = input.tensor {
        tensor = parsed
      } else if let place = input.data {
        var again = reader
        again.advance(to: place.lowerBound)
        tensor = try again.tensor(type, shape: shape, input: name)
      } else if let size = input.parameters.binarySize {
        tensor = try self.tensor(type, shape, size, payload, &used, name, call.request.model)
      } else if let range = try input.parameters.range() {
        tensor = try ServedTensor(
          type, shape: shape, reading: sharedMemory.lease(range), input: name)
      } else {
        throw Self.missing("data", of: "input '\(name)'")
      }
      call.request.inputs.append(NamedTensor(name, tensor))
    }
    try requireEnd(used, payload, call.request.model)
  }

  /// The next `size` bytes as a tensor.
  private func tensor(
    _ type: DataType, _ shape: [Int], _ size: Int, _ payload: ByteView, _ used: inout Int,
    _ name: String, _ model: String
  ) throws(ServingError) -> ServedTensor {
    guard size <= payload.count - used else {
      throw ServingError(
        .invalidArgument,
        "unexpected size for input '\(name)', expecting \(size - (payload.count - used)) "
          + "additional bytes for model '\(model)'")
    }
    let tensor = try ServedTensor(
      type, shape: shape, storage: payload.storage, offset: payload.offset + used, byteCount: size,
      input: name)
    used += size
    return tensor
  }

  private func requireEnd(
    _ used: Int, _ payload: ByteView, _ model: String
  ) throws(ServingError) {
    guard used == payload.count else {
      throw ServingError(
        .invalidArgument, "unexpected additional input data for model '\(model)'")
    }
  }

  private func requireOneSource(_ input: Input) throws(ServingError) {
    let count =
      (input.data == nil ? 0 : 1) + (input.parameters.binarySize == nil ? 0 : 1)
      + (input.parameters.region == nil ? 0 : 1)
    guard count != 1 else { return }
    var sources: [String] = []
    if input.data != nil { sources.append("'data'") }
    if input.parameters.binarySize != nil { sources.append("'binary_data_size'") }
    if input.parameters.region != nil { sources.append("'shared_memory_region'") }
    let found =
      sources.isEmpty ? "But no field is set" : "But set " + sources.joined(separator: " ")
    throw ServingError(
      .invalidArgument,
      "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', "
        + "'shared_memory_region' in 'parameters'. " + found)
  }
}
#endif
