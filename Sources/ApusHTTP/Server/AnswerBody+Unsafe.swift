#if Server
internal import ApusServing
internal import NIOCore

/// The bytes of an answer: a text, and behind it those of tensors, which are copied once, where they are sent from.
struct AnswerBody: Sendable {
  let text: [UInt8]
  let tensors: [ServedTensor]
  /// Bytes.
  let count: Int
  /// All of it ready to be sent, where `gather` was called.
  private(set) var gathered: ByteBuffer?

  /// Bytes that go into one piece of memory of the network library together with a head.
  static let largest = Int(UInt32.max) - (1 << 20)

  init(_ text: [UInt8], _ tensors: [ServedTensor] = []) {
    self.text = text
    self.tensors = tensors
    count = tensors.reduce(text.count) { $0 + $1.byteCount }
  }

  /// Copies the bytes, where the caller rather than an event loop has the time for it.
  mutating func gather() {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    write(to: &buffer)
    gathered = buffer
  }

  /// Appends all of it to `out`.
  func write(to out: inout ByteBuffer) {
    if let gathered {
      out.writeImmutableBuffer(gathered)
      return
    }
    out.writeBytes(text)
    for tensor in tensors {
      let size = tensor.byteCount
      unsafe out.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
        if let base = target.baseAddress { unsafe tensor.copyBytes(to: base) }
        return size
      }
    }
  }

  /// A copy of all of it.
  var bytes: [UInt8] {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    write(to: &buffer)
    return Array(buffer.readableBytesView)
  }
}
#endif
