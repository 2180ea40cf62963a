#if Server
internal import ApusModelConfig
internal import ApusServing
internal import ApusTensor
internal import NIOCore

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
      var payload = 0
      var isAllBinary = true
      for output in response.outputs {
        if isBinary(output) { payload += output.tensor.byteCount } else { isAllBinary = false }
      }
      let text: [UInt8]
      if isAllBinary, let known = recent?.text(of: response) {
        text = known
      } else {
        var writer = JSONWriter()
        try write(response, &writer)
        text = writer.bytes
        if isAllBinary { recent?.remember(text, of: response) }
      }
      let headerLength = text.count
      var body = ByteBufferAllocator().buffer(capacity: headerLength + payload)
      body.writeBytes(text)
      for output in response.outputs where isBinary(output) {
        _ = unsafe output.tensor.withBytes { unsafe body.writeBytes($0) }
      }
      var answer = HTTPAnswer(
        contentType: payload > 0 ? "application/octet-stream" : "application/json", body: body)
      if payload > 0 {
        answer.headers.append(("Inference-Header-Content-Length", String(headerLength)))
      }
      if let compressed = Compressor.compress(answer.body, coding) {
        answer.body = compressed
        answer.headers.append(("Content-Encoding", coding.rawValue))
      }
      return answer
    } catch {
      return .error(error)
    }
  }

  /// A response as the data of a server-sent event.
  func event(_ response: InferenceResponse) -> ByteBuffer {
    ServerSentEvent.data { (writer) throws(ServingError) in try write(response, &writer) }
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

  private func write(
    _ response: InferenceResponse, _ writer: inout JSONWriter
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
          try writer.object { (writer) throws(ServingError) in try write(output, &writer) }
        }
      }
    }
  }

  private func write(
    _ output: InferenceResponse.Output, _ writer: inout JSONWriter
  ) throws(ServingError) {
    writer.key(fixed: "name")
    writer.string(output.name)
    writer.key(fixed: "datatype")
    writer.string(output.tensor.dataType.name)
    writer.key(fixed: "shape")
    writer.array { writer in
      for extent in output.tensor.shape { writer.integer(extent) }
    }
    guard output.destination == nil else { return }
    if layout.isBinary(output.name) {
      writer.key(fixed: "parameters")
      writer.object { writer in
        writer.key(fixed: "binary_data_size")
        writer.integer(output.tensor.byteCount)
      }
    } else {
      writer.key(fixed: "data")
      try writer.elements(output.tensor, output: output.name)
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
