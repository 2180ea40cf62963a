#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor

/// Makes requests of messages.
struct RequestDecoding {
  let sharedMemory: SharedMemoryRegistry

  /// A request, and whether its end is told by an answer of its own.
  struct Decoded {
    var request: InferenceRequest
    let wantsEmptyFinalResponse: Bool
  }

  func decode(_ message: InferMessage) throws(ServingError) -> Decoded {
    var request = InferenceRequest(
      model: message.model, version: try ModelVersion.number(message.version),
      arrival: message.arrival)
    request.protocolName = "GRPC"
    request.id = message.id
    let parameters = try RequestParameters(message.parameters)
    request.parameters = parameters.others
    request.sequence = parameters.sequence
    request.priority = parameters.priority
    request.timeout = parameters.timeout
    request.inputs = try inputs(message)
    request.outputs.reserveCapacity(message.outputs.count)
    for output in message.outputs { request.outputs.append(try self.output(output)) }
    return Decoded(
      request: request, wantsEmptyFinalResponse: parameters.wantsEmptyFinalResponse)
  }

  private func inputs(_ message: InferMessage) throws(ServingError) -> [NamedTensor] {
    var inputs: [NamedTensor] = []
    inputs.reserveCapacity(message.inputs.count)
    var raw = message.raw[...]
    for input in message.inputs {
      guard let type = DataType(named: input.datatype) else {
        throw ServingError(
          .invalidArgument,
          "invalid datatype '\(input.datatype.prefix(40))' for input tensor '\(input.name)' for "
            + "model '\(message.model)'")
      }
      let tensor: ServedTensor
      if let range = try input.parameters.sharedMemory(of: input.name) {
        guard input.contents == nil else {
          throw ServingError(
            .invalidArgument,
            "unexpected 'content' provided when using shared memory for input tensor "
              + "'\(input.name)' for model '\(message.model)'")
        }
        tensor = try ServedTensor(
          type, shape: input.shape, reading: sharedMemory.lease(range), input: input.name)
      } else if let contents = input.contents {
        guard message.raw.isEmpty else {
          throw ServingError(
            .invalidArgument,
            "contents field must not be specified when using raw_input_contents for "
              + "'\(input.name)' for model '\(message.model)'")
        }
        tensor = try typed(contents, type, input, message)
      } else {
        guard let range = raw.popFirst() else {
          throw ServingError(
            .invalidArgument,
            "unable to find data for input tensor '\(input.name)' for model '\(message.model)' in "
              + "request.")
        }
        tensor = try ServedTensor(
          type, shape: input.shape, storage: message.storage, offset: range.lowerBound,
          byteCount: range.count, input: input.name)
      }
      inputs.append(NamedTensor(input.name, tensor))
    }
    guard raw.isEmpty else {
      throw ServingError(
        .invalidArgument,
        "raw_input_contents has \(message.raw.count) entries, and \(message.raw.count - raw.count) "
          + "inputs of model '\(message.model)' take one")
    }
    return inputs
  }

  private func typed(
    _ range: Range<Int>, _ type: DataType, _ input: InferMessage.Input, _ message: InferMessage
  ) throws(ServingError) -> ServedTensor {
    let cursor = unsafe WireCursor(message.storage.bytes, range)
    let contents = try TypedContents(
      cursor, type: type, input: input.name, model: message.model)
    return try contents.tensor(shape: input.shape)
  }

  private func output(_ output: InferMessage.Output) throws(ServingError) -> RequestedOutput {
    guard !output.parameters.isEmpty else { return RequestedOutput(output.name) }
    let range = try output.parameters.sharedMemory(of: output.name)
    let classes = try output.parameters.classification()
    guard range == nil || classes == nil else {
      throw ServingError(
        .invalidArgument,
        "output can't set both 'shared_memory_region' and 'classification'")
    }
    return RequestedOutput(
      output.name, classification: classes ?? 0, destination: try lease(range))
  }

  private func lease(_ range: SharedMemoryRange?) throws(ServingError) -> SharedMemoryLease? {
    guard let range else { return nil }
    return try sharedMemory.lease(range)
  }
}
#endif
