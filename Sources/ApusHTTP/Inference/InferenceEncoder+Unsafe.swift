#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor

/// Writes responses as the bodies of infer calls: a JSON text, and after it the bytes of binary outputs in
/// their order.
struct InferenceEncoder: Sendable {
  let layout: AnswerLayout
  var coding = ContentCoding.identity
  /// Of answers to calls with the same head.
  var recent: RecentInference?

  /// A whole answer.
  func answer(_ response: InferenceResponse) -> HTTPAnswer {
    do throws(ServingError) {
      let text = try text(response)
      var tensors: [ServedTensor] = []
      for output in response.outputs where isBinary(output) && output.tensor.byteCount > 0 {
        tensors.append(output.tensor)
      }
      var answer = HTTPAnswer(
        contentType: tensors.isEmpty ? "application/json" : "application/octet-stream")
      answer.body = AnswerBody(text, tensors)
      if !tensors.isEmpty { answer.textLength = text.count }
      guard answer.body.count <= AnswerBody.largest else {
        throw ServingError(
          .invalidArgument,
          "the answer has \(answer.body.count) bytes, more than the \(AnswerBody.largest) that one can have. "
            + "Please ask for fewer outputs at a time, or for them in shared memory")
      }
      if coding != .identity, let compressed = Compressor.compress(answer.body.bytes, coding) {
        answer.body = AnswerBody(compressed)
        answer.headers.append(("Content-Encoding", coding.rawValue))
      }
      return answer
    } catch {
      return .error(error)
    }
  }

  /// The JSON text of an answer.
  private func text(_ response: InferenceResponse) throws(ServingError) -> [UInt8] {
    if let known = recent?.pieces(of: response, layout) {
      if known.count == 1 { return known[0] }
      var writer = JSONWriter()
      var place = 0
      for output in response.outputs where isText(output) {
        writer.verbatim(known[place])
        try writer.elements(output.tensor, output: output.name)
        place += 1
      }
      writer.verbatim(known[place])
      return writer.bytes
    }
    var writer = JSONWriter()
    var data: [Range<Int>] = []
    try write(response, &writer, &data)
    recent?.remember(writer.bytes, data: data, of: response, layout)
    return writer.bytes
  }

  /// A response as the data of a server-sent event.
  func event(_ response: InferenceResponse) -> [UInt8] {
    ServerSentEvent.data { (writer) throws(ServingError) in
      var data: [Range<Int>] = []
      try write(response, &writer, &data)
    }
  }

  /// Whether making the answer is work that would hold up other connections.
  func isLarge(_ response: InferenceResponse) -> Bool {
    var text = 0
    var bytes = 0
    for output in response.outputs where output.destination == nil {
      if layout.isBinary(output.name) {
        bytes += output.tensor.byteCount
      } else {
        text += output.tensor.byteCount
      }
    }
    if coding != .identity { text += bytes }
    return text > 1 << 16 || bytes > 32 << 20
  }

  private func isBinary(_ output: InferenceResponse.Output) -> Bool {
    output.destination == nil && layout.isBinary(output.name)
  }

  private func isText(_ output: InferenceResponse.Output) -> Bool {
    output.destination == nil && !layout.isBinary(output.name)
  }

  /// `data` gets the places of the outputs' data in the text.
  private func write(
    _ response: InferenceResponse, _ writer: inout JSONWriter, _ data: inout [Range<Int>]
  ) throws(ServingError) {
    try writer.object { (writer) throws(ServingError) in
      if !response.id.isEmpty {
        writer.key(fixed: "id")
        writer.string(response.id)
      }
      writer.key(fixed: "model_name")
      writer.string(response.model)
      writer.key(fixed: "model_version")
      writer.string(String(response.version))
      if !response.parameters.isEmpty {
        writer.key(fixed: "parameters")
        writer.object { writer in
          for (name, value) in response.parameters.sorted(by: { $0.key < $1.key }) {
            writer.key(name)
            writer.parameter(value)
          }
        }
      }
      writer.key(fixed: "outputs")
      try writer.array { (writer) throws(ServingError) in
        for output in response.outputs {
          try writer.object { (writer) throws(ServingError) in
            try write(output, &writer, &data)
          }
        }
      }
    }
  }

  private func write(
    _ output: InferenceResponse.Output, _ writer: inout JSONWriter, _ data: inout [Range<Int>]
  ) throws(ServingError) {
    writer.key(fixed: "name")
    writer.string(output.name)
    writer.key(fixed: "datatype")
    writer.string(output.tensor.dataType.name)
    writer.key(fixed: "shape")
    writer.array { writer in
      for extent in output.tensor.shape { writer.integer(extent) }
    }
    if isBinary(output) {
      writer.key(fixed: "parameters")
      writer.object { writer in
        writer.key(fixed: "binary_data_size")
        writer.integer(output.tensor.byteCount)
      }
    } else if isText(output) {
      writer.key(fixed: "data")
      let start = writer.bytes.count
      try writer.elements(output.tensor, output: output.name)
      data.append(start..<writer.bytes.count)
    }
  }
}

extension JSONWriter {
  mutating func parameter(_ value: ParameterValue) {
    switch value {
    case .bool(let value): bool(value)
    case .integer(let value): integer(value)
    case .unsigned(let value): integer(value)
    case .double(let value): number(value)
    case .text(let value): string(value)
    }
  }

  /// Writes a tensor's elements as a flat array; a single one without brackets where `unwrapsOne`.
  mutating func elements(
    _ tensor: ServedTensor, output name: String, unwrapsOne: Bool = false
  ) throws(ServingError) {
    if unwrapsOne, tensor.count == 1 { return try values(tensor, output: name) }
    try array { (writer) throws(ServingError) in try writer.values(tensor, output: name) }
  }

  private mutating func values(_ tensor: ServedTensor, output name: String) throws(ServingError) {
    switch tensor.dataType {
    case .fp16, .bf16:
      throw ServingError(
        .invalidArgument,
        "sending \(tensor.dataType.name) data via JSON is not supported. Please use the binary data "
          + "format for output '\(name)'")
    case .bytes: try texts(tensor, output: name)
    case .bool: each(tensor, UInt8.self) { $0.bool($1 != 0) }
    case .uint8: each(tensor, UInt8.self) { $0.integer($1) }
    case .uint16: each(tensor, UInt16.self) { $0.integer($1) }
    case .uint32: each(tensor, UInt32.self) { $0.integer($1) }
    case .uint64: each(tensor, UInt64.self) { $0.integer($1) }
    case .int8: each(tensor, Int8.self) { $0.integer($1) }
    case .int16: each(tensor, Int16.self) { $0.integer($1) }
    case .int32: each(tensor, Int32.self) { $0.integer($1) }
    case .int64: each(tensor, Int64.self) { $0.integer($1) }
    case .fp32: each(tensor, Float.self) { $0.number($1) }
    case .fp64: each(tensor, Double.self) { $0.number($1) }
    }
  }

  @inline(__always)
  private mutating func each<Value: BitwiseCopyable>(
    _ tensor: ServedTensor, _ type: Value.Type, _ write: (inout JSONWriter, Value) -> Void
  ) {
    unsafe tensor.withBytes { bytes in
      let width = MemoryLayout<Value>.stride
      for index in 0..<(bytes.count / width) {
        write(&self, unsafe bytes.loadUnaligned(fromByteOffset: index * width, as: type))
      }
    }
  }

  private mutating func texts(_ tensor: ServedTensor, output name: String) throws(ServingError) {
    var isText = true
    unsafe tensor.withBytes { bytes in
      var position = 0
      while isText, bytes.count - position >= 4 {
        let length = Int(
          UInt32(
            littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
        position += 4
        guard length <= bytes.count - position else { break }
        let element = unsafe UnsafeRawBufferPointer(
          rebasing: bytes[position..<(position + length)])
        if unsafe Self.isUTF8(element) {
          unsafe string(utf8: element)
        } else {
          isText = false
        }
        position += length
      }
    }
    guard isText else {
      throw ServingError(
        .invalidArgument,
        "output '\(name)' has bytes that are no UTF-8 text, which JSON cannot hold. Please ask for it "
          + "as binary data ('binary_data': true)")
    }
  }

  private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if unsafe bytes.allSatisfy({ $0 < 0x80 }) { return true }
    return unsafe bytes.withMemoryRebound(to: UInt8.self) {
      unsafe String(validating: $0, as: UTF8.self) != nil
    }
  }
}
#endif
