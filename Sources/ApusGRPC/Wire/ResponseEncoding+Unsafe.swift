#if Server
internal import ApusModelConfig
internal import ApusServing
internal import GRPCCore

/// The binary form of an answer: a beginning, and tensors that are copied once, from where the model left
/// them into the message that is sent.
struct ResponseEncoding {
  private var head: WireBuilder
  private var tensors: [ServedTensor?] = []
  private(set) var byteCount: Int

  /// A `ModelInferResponse`; `isFinal` becomes the parameter by which streams tell their last answers.
  init(_ response: InferenceResponse, isFinal: Bool? = nil) {
    head = WireBuilder(capacity: 64 + 64 * response.outputs.count)
    head.text(1, response.model)
    head.text(2, "\(response.version)")
    head.text(3, response.id)
    for (name, value) in response.parameters { head.parameter(4, name, value) }
    if let isFinal { head.parameter(4, "triton_final_response", .bool(isFinal)) }
    for output in response.outputs {
      var tensor = WireBuilder(capacity: 48)
      tensor.text(1, output.name)
      tensor.text(2, output.tensor.dataType.name)
      tensor.integers(3, output.tensor.shape)
      head.message(5, tensor)
      // An output in shared memory has an empty place.
      tensors.append(output.destination == nil ? output.tensor : nil)
    }
    byteCount = head.bytes.count
    for tensor in tensors {
      let count = tensor?.byteCount ?? 0
      byteCount += WireBuilder.headerCount(count) + count
    }
  }

  /// A message that is in its binary form already.
  init(_ message: WireBuilder) {
    head = message
    byteCount = message.bytes.count
  }

  /// Puts the message into a field of another.
  mutating func wrap(field: UInt64) {
    var outer = WireBuilder(capacity: head.bytes.count + 12)
    outer.header(field, count: byteCount)
    byteCount += outer.bytes.count
    outer.append(head)
    head = outer
  }

  /// Copies everything into one buffer. Throws where it is larger than messages can be.
  func bytes<Bytes: GRPCContiguousBytes>() throws(RPCError) -> Bytes {
    guard byteCount <= Int(Int32.max) else {
      throw RPCError(
        code: .resourceExhausted,
        message: "the answer has \(byteCount) bytes, more than a message of gRPC can have")
    }
    if tensors.isEmpty { return Bytes(head.bytes) }
    var bytes = Bytes(repeating: 0, count: byteCount)
    unsafe bytes.withUnsafeMutableBytes { target in
      var position = 0
      func put(_ source: UnsafeRawBufferPointer) {
        // Never past the end, whatever a tensor answers twice.
        guard source.count > 0, source.count <= target.count - position else { return }
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[position...]).copyMemory(
          from: source)
        position += source.count
      }
      unsafe head.bytes.withUnsafeBytes { unsafe put($0) }
      for tensor in tensors {
        var header = WireBuilder(capacity: 8)
        header.header(6, count: tensor?.byteCount ?? 0)
        unsafe header.bytes.withUnsafeBytes { unsafe put($0) }
        unsafe tensor?.withBytes { unsafe put($0) }
      }
    }
    return bytes
  }
}
#endif
