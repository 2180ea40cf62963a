#if Server
internal import ApusModelConfig
internal import ApusServing
internal import NIOCore
internal import SwiftProtobuf

/// The binary form of an answer: a beginning, and tensors that are copied once, from where the model left
/// them into the message that is sent.
struct ResponseEncoding: Sendable {
  private var head: WireBuilder
  private var tensors: [ServedTensor?] = []
  private(set) var byteCount: Int

  /// All of a `ModelInferResponse` before its tensors.
  struct Beginning: Sendable {
    fileprivate let head: WireBuilder
    var byteCount: Int { head.bytes.count }

    /// `isFinal` becomes the parameter by which streams tell their last answers.
    init(_ response: InferenceResponse, isFinal: Bool? = nil) {
      var head = WireBuilder(capacity: 64 + 64 * response.outputs.count)
      head.text(1, response.model)
      head.text(2, String(response.version))
      head.text(3, response.id)
      for (name, value) in response.parameters { head.parameter(4, name, value) }
      if let isFinal { head.parameter(4, "triton_final_response", .bool(isFinal)) }
      for output in response.outputs {
        var tensor = WireBuilder(capacity: 48)
        tensor.text(1, output.name)
        tensor.text(2, output.tensor.dataType.name)
        tensor.integers(3, output.tensor.shape)
        head.message(5, tensor)
      }
      self.head = head
    }
  }

  /// A `ModelInferResponse`; `isFinal` becomes the parameter by which streams tell their last answers.
  init(_ response: InferenceResponse, isFinal: Bool? = nil) {
    self.init(response, Beginning(response, isFinal: isFinal))
  }

  /// As above, with a beginning that is known.
  init(_ response: InferenceResponse, _ beginning: Beginning) {
    head = beginning.head
    byteCount = head.bytes.count
    tensors.reserveCapacity(response.outputs.count)
    for output in response.outputs {
      // An output in shared memory has an empty place.
      let tensor = output.destination == nil ? output.tensor : nil
      tensors.append(tensor)
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

  /// A message of generated code.
  init(_ message: some SwiftProtobuf.Message) {
    var builder = WireBuilder()
    // Messages of proto3 can always be written below 2 GiB.
    if let bytes: [UInt8] = try? message.serializedBytes() { builder.append(bytes) }
    self.init(builder)
  }

  /// The message with its prefix, everything copied once into one buffer.
  func framed() -> FramedMessage {
    guard byteCount <= Int(Int32.max) else {
      return FramedMessage(
        CallStatus(
          .resourceExhausted,
          "the answer has \(byteCount) bytes, more than a message of gRPC can have"))
    }
    var buffer = ByteBuffer()
    buffer.reserveCapacity(byteCount + MessageDeframer.prefixLength)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(byteCount))
    buffer.writeBytes(head.bytes)
    for tensor in tensors {
      var header = WireBuilder(capacity: 8)
      header.header(6, count: tensor?.byteCount ?? 0)
      buffer.writeBytes(header.bytes)
      if let tensor {
        _ = unsafe tensor.withBytes { unsafe buffer.writeBytes($0) }
      }
    }
    return FramedMessage(buffer)
  }
}
#endif
