#if Server
internal import ApusServing
internal import ApusTensor
internal import NIOCore

/// Keeps the buffer that a message arrived in, as long as tensors lie in it.
final class MessageOwner: Sendable {
  private let bytes: ByteBuffer

  init(_ bytes: ByteBuffer) { self.bytes = bytes }

  /// The message's bytes. The buffer lies on the heap and nobody writes to it while it is shared, so that
  /// they stay where they are as long as the owner lives.
  var storage: Storage {
    unsafe bytes.withUnsafeReadableBytes { unsafe Storage.borrowing($0, owner: self) }
  }
}
#endif
